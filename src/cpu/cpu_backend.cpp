// The CPU as a Backend.
#include <algorithm>
#include <cstring>

#include "core/backend.h"
#include "core/scalar_math.h"
#include "cpu/index.h"
#include "cpu/kernel_tables.h"
#include "cpu/matmul.h"
#include "cpu/nll_loss.h"
#include "cpu/pointwise.h"
#include "cpu/random.h"
#include "cpu/reduce.h"
#include "cpu/softmax.h"
#include "cpu/threads.h"
#include "memory/host_memory.h"

namespace libtensor::cpu {
namespace {

constexpr int64_t kArangeGrain = 32768;

class CpuBackend final : public Backend {
 public:
  void* allocate(Device, size_t bytes) override { return host_allocate(bytes); }
  void free(Device, void* data, size_t bytes) noexcept override { host_free(data, bytes); }
  void copy_bytes(void* destination, Device, const void* source, Device, size_t bytes,
                  bool) override {
    if (bytes > 0) std::memmove(destination, source, bytes);
  }

  void pointwise(const PointwiseCall& call) override { cpu::pointwise(call); }
  void reduce(const ReduceCall& call) override { cpu::reduce(call); }
  void softmax(const SoftmaxCall& call) override { cpu::softmax(call); }
  void softmax_backward(const SoftmaxCall& call) override { cpu::softmax_backward(call); }
  void matmul(const MatmulCall& call) override { cpu::matmul(call); }
  void gather(const GatherCall& call) override { cpu::gather(call); }
  void scatter(const GatherCall& call, ScatterMode mode) override { cpu::scatter(call, mode); }
  void index_select(const IndexCall& call) override { cpu::index_select(call); }
  void index_add(const IndexCall& call) override { cpu::index_add(call); }
  void nll_loss(const NllLossCall& call) override { cpu::nll_loss(call); }
  void nll_loss_backward(const NllLossCall& call) override { cpu::nll_loss_backward(call); }
  void arange(Operand out, int64_t numel, Scalar start, Scalar step) override;
  void random(const RandomCall& call) override { fill_random(call); }
  void manual_seed(uint64_t seed) override { cpu::manual_seed(seed); }
  uint64_t initial_seed() override { return cpu::initial_seed(); }
  std::vector<unsigned char> random_state() override { return cpu::random_state(); }
  void set_random_state(std::span<const unsigned char> state) override {
    cpu::set_random_state(state);
  }
};

void CpuBackend::arange(Operand out, int64_t numel, Scalar start, Scalar step) {
  dispatch(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* const values = static_cast<T*>(out.data);
    parallel_for(numel, kArangeGrain, [&](int64_t begin, int64_t end) {
      if constexpr (is_floating(dtype_of<T>)) {
        const double first = start.to<double>(), each = step.to<double>();
        for (int64_t i = begin; i < end; ++i) {
          values[i] = convert<T>(first + each * static_cast<double>(i));
        }
      } else {
        const int64_t first = start.to<int64_t>(), each = step.to<int64_t>();
        for (int64_t i = begin; i < end; ++i) values[i] = convert<T>(Add(first, Mul(each, i)));
      }
    });
  });
}

// Never destroyed: a tensor may be released after the library's static objects are gone.
[[maybe_unused]] const bool registered = [] {
  choose_kernels();
  alignas(CpuBackend) static unsigned char memory[sizeof(CpuBackend)];
  register_backend(Device{}, new (memory) CpuBackend);
  return true;
}();

}  // namespace
}  // namespace libtensor::cpu
