#include "cpu/softmax.h"

#include <algorithm>

#include "cpu/cpu_kernel.h"
#include "cpu/threads.h"

namespace libtensor::cpu {
namespace {

constexpr int64_t kGrain = 8192;  // elements worth a thread: an exponential each
constexpr int64_t kColumns = 64;  // neighbours that share cache lines

// Calls body(offset, width) for each run of columns; each is worked on by one thread, so the
// threads change no bits.
template <class F>
void for_each_run(const SoftmaxRows& call, F body) {
  const int64_t width = std::min(call.inner, kColumns), across = ceil_div(call.inner, width);
  const int64_t grain = std::max<int64_t>(1, kGrain / (call.length * width));
  parallel_for(call.outer * across, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t column = i % across * width;
      body(i / across * call.length * call.inner + column, std::min(width, call.inner - column));
    }
  });
}

bool is_empty(const SoftmaxRows& call) {
  return call.outer == 0 || call.length == 0 || call.inner == 0;
}

}  // namespace

void softmax(const SoftmaxCall& call) {
  if (is_empty(call)) return;
  const auto forward = softmax_kernels[static_cast<int>(call.dtype)].forward;
  const int64_t size = static_cast<int64_t>(size_of(call.dtype));
  for_each_run(call, [&](int64_t offset, int64_t width) {
    forward(static_cast<char*>(call.out) + offset * size,
            static_cast<const char*>(call.in) + offset * size, call.length, call.inner, width,
            call.log);
  });
}

void softmax_backward(const SoftmaxBackwardCall& call) {
  if (is_empty(call)) return;
  const auto backward = softmax_kernels[static_cast<int>(call.dtype)].backward;
  const int64_t size = static_cast<int64_t>(size_of(call.dtype));
  for_each_run(call, [&](int64_t offset, int64_t width) {
    backward(static_cast<char*>(call.out) + offset * size,
             static_cast<const char*>(call.result) + offset * size,
             static_cast<const char*>(call.grad) + offset * size, call.length, call.inner, width,
             call.log);
  });
}

namespace {
const CpuKernel<softmax> add_softmax;
const CpuKernel<softmax_backward> add_softmax_backward;
}  // namespace

}  // namespace libtensor::cpu
