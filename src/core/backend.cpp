#include "core/backend.h"

namespace libtensor {
namespace {

// Stands for a device that this build or machine does not have.
class UnavailableBackend final : public Backend {
 public:
  explicit UnavailableBackend(const char* reason) : reason_(reason) {}

  void* allocate(Device, size_t) override { refuse(); }
  void free(Device, void*, size_t) noexcept override {}
  void copy_bytes(void*, const void*, size_t) override { refuse(); }
  void pointwise(const PointwiseCall&) override { refuse(); }
  void reduce(const ReduceCall&) override { refuse(); }
  void softmax(const SoftmaxCall&) override { refuse(); }
  void softmax_backward(const SoftmaxCall&) override { refuse(); }
  void matmul(const MatmulCall&) override { refuse(); }
  void gather(const GatherCall&) override { refuse(); }
  void scatter(const GatherCall&, ScatterMode) override { refuse(); }
  void index_select(const IndexCall&) override { refuse(); }
  void index_add(const IndexCall&) override { refuse(); }
  void nll_loss(const NllLossCall&) override { refuse(); }
  void nll_loss_backward(const NllLossCall&) override { refuse(); }
  void arange(Operand, int64_t, Scalar, Scalar) override { refuse(); }
  void random(const RandomCall&) override { refuse(); }
  void manual_seed(uint64_t) override { refuse(); }
  uint64_t initial_seed() override { refuse(); }

 private:
  [[noreturn]] void refuse() const { fail(Status::kUnavailable, reason_); }

  const char* reason_;
};

constinit Backend* backends[3] = {nullptr, nullptr, nullptr};

}  // namespace

bool has_backend(DeviceType type) { return backends[static_cast<int>(type)] != nullptr; }

Backend& backend_for(Device device) {
  if (Backend* backend = backends[static_cast<int>(device.type)]) [[likely]]
    return *backend;
  // Never destroyed: a tensor may be released after the library's static objects are gone.
  static auto* none = new UnavailableBackend("libtensor was built without CUDA support");
  return *none;
}

void register_backend(DeviceType type, Backend* backend) {
  backends[static_cast<int>(type)] = backend;
}

}  // namespace libtensor
