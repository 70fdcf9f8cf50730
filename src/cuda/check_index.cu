#include "cuda/check_index.h"

#include "cuda/cut.h"
#include "cuda/index_math.h"
#include "cuda/launch.h"

namespace libtensor::cuda {
namespace {

constexpr uint32_t kThreads = 256;
constexpr uint32_t kNone = 0xffffffffu;

struct CheckArguments {
  KernelNest<1> nest;
  uint32_t count;
  int64_t size, exempt;
  bool has_exempt;
};

template <class T>
__global__ void __launch_bounds__(kThreads)
    check_kernel(const T* index, CheckArguments call, uint32_t* first_bad) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= call.count) return;
  int64_t offset[1] = {};
  call.nest.locate(i, offset);
  const int64_t value = index[offset[0]];
  if (call.has_exempt && value == call.exempt) return;
  if (value < 0 || value >= call.size) atomicMin(first_bad, i);
}

template <class T>
T read(const Context& context, const char* operation, const T* from) {
  T value;
  check_cuda(cudaMemcpyAsync(&value, from, sizeof value, cudaMemcpyDeviceToHost, context.stream),
             operation);
  check_cuda(cudaStreamSynchronize(context.stream), operation);
  return value;
}

template <class T>
void check_piece(const Context& context, const FaultSite& site, const T* index,
                 const CheckArguments& arguments) {
  const Scratch first_bad(context, sizeof(uint32_t));
  uint32_t* const result = first_bad.data<uint32_t>();
  check_cuda(cudaMemsetAsync(result, 0xff, sizeof *result, context.stream), site.operation);
  launch(check_kernel<T>,
         {site.operation, context.stream, ceil_div(arguments.count, kThreads), kThreads}, index,
         arguments, result);
  const uint32_t found = read(context, site.operation, result);
  if (found == kNone) return;
  int64_t offset[1] = {};
  arguments.nest.locate(found, offset);
  fail_at(site, read(context, site.operation, index + offset[0]));
}

}  // namespace

void check_indices(const Context& context, const FaultSite& site, const void* index, DType dtype,
                   const LoopNest<1>& nest, int64_t size, std::optional<int64_t> exempt) {
  cut(nest, [&](const LoopNest<1>& piece, uint32_t count, const int64_t(&offsets)[1]) {
    const CheckArguments arguments{KernelNest<1>(piece), count, size, exempt.value_or(0),
                                   exempt.has_value()};
    if (dtype == DType::kInt32) {
      check_piece(context, site, static_cast<const int32_t*>(index) + offsets[0], arguments);
    } else {
      check_piece(context, site, static_cast<const int64_t*>(index) + offsets[0], arguments);
    }
  });
}

}  // namespace libtensor::cuda
