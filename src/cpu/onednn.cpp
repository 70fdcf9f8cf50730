#include "cpu/onednn.h"

#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>

#include <mutex>
#include <type_traits>

namespace libtensor::cpu {

OneDnnSgemm onednn_sgemm() {
  static_assert(std::is_same_v<decltype(&dnnl_sgemm),
                               dnnl_status_t (*)(char, char, dnnl_dim_t, dnnl_dim_t, dnnl_dim_t,
                                                 float, const float*, dnnl_dim_t, const float*,
                                                 dnnl_dim_t, float, float*, dnnl_dim_t)>);
  // Opened here rather than linked, since loading its 40 MB would take longer than all the rest of
  // the library. Never closed: its worker threads and caches outlive a dlclose of ours.
  // call_once, since a forked child does not wait for what another thread began.
  static std::once_flag once;
  static OneDnnSgemm sgemm = nullptr;
  std::call_once(once, [] {
    void* const library = dlopen("libdnnl.so.2", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library) sgemm = reinterpret_cast<OneDnnSgemm>(dlsym(library, "dnnl_sgemm"));
  });
  return sgemm;
}

}  // namespace libtensor::cpu
