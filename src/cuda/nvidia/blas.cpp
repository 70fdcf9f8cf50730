#include "cuda/blas.h"

#include <dlfcn.h>

#include <string>

namespace libtensor::cuda {
namespace {

// cuBLAS takes hundreds of megabytes and a while to load: only who multiplies pays for it.
void* open_cublas() {
  const std::string name = "libcublas.so." + std::to_string(CUBLAS_VER_MAJOR);
  for (const std::string& folder : {std::string(), std::string("/usr/local/cuda/lib64/")}) {
    if (void* library = dlopen((folder + name).c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
  }
  return nullptr;
}

template <class F>
bool find(void* library, const char* name, F* out) {
  *out = reinterpret_cast<F>(dlsym(library, name));
  return *out != nullptr;
}

const BlasFunctions* load() {
  void* const library = open_cublas();
  static BlasFunctions functions;
  const bool complete = library && find(library, "cublasCreate_v2", &functions.create) &&
                        find(library, "cublasSetStream_v2", &functions.set_stream) &&
                        find(library, "cublasSetWorkspace_v2", &functions.set_workspace) &&
                        find(library, "cublasGemmStridedBatchedEx", &functions.gemm);
  return complete ? &functions : nullptr;
}

}  // namespace

const BlasFunctions* blas_functions() {
  static const BlasFunctions* const functions = load();
  return functions;
}

}  // namespace libtensor::cuda
