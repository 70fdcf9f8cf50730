#include "autograd/delayed_error.h"

#include "autograd/history.h"

namespace libtensor::autograd {
namespace {

class DelayedError final : public ListNode<DelayedError> {
 public:
  DelayedError(std::span<const Tensor> inputs, const char* message) : message_(message) {
    set_edge_count(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) connect(i, inputs[i]);
  }
  const char* name() const override { return "DelayedError"; }
  void apply(std::span<const Tensor>, std::span<Tensor>) override {
    fail(Status::kInvalidArgument, message_);
  }

 private:
  const char* message_;
};

}  // namespace

Tensor without_derivative(const Tensor& result, std::span<const Tensor> inputs,
                          const char* message) {
  if (!result.defined() || !records(inputs)) return result;
  const auto node = Ref<DelayedError>::adopt(new DelayedError(inputs, message));
  const Tensor marked = result.alias();
  set_history(marked, node);
  return marked;
}

}  // namespace libtensor::autograd
