#include "cpu/onednn.h"

#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>

#include <type_traits>

namespace libtensor::cpu {

OneDnnSgemm onednn_sgemm() {
  static_assert(std::is_same_v<decltype(&dnnl_sgemm),
                               dnnl_status_t (*)(char, char, dnnl_dim_t, dnnl_dim_t, dnnl_dim_t,
                                                 float, const float*, dnnl_dim_t, const float*,
                                                 dnnl_dim_t, float, float*, dnnl_dim_t)>);
  // Opened here rather than linked, since loading its 40 MB would take longer than all the rest of
  // the library. Never closed: its worker threads and caches outlive a dlclose of ours.
  static const OneDnnSgemm sgemm = [] {
    void* const library = dlopen("libdnnl.so.2", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    return library ? reinterpret_cast<OneDnnSgemm>(dlsym(library, "dnnl_sgemm")) : nullptr;
  }();
  return sgemm;
}

}  // namespace libtensor::cpu
