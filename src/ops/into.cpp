#include "ops/into.h"

#include "autograd/history.h"

namespace libtensor::ops {

Tensor finished(Tensor fresh, const Options& options) {
  if (options.requires_grad) autograd::set_requires_grad(fresh, true);
  return fresh;
}

bool shares_memory(const Tensor& out, const Tensor& input) {
  return input.defined() && out.storage().lender() == input.storage().lender();
}

bool shares_memory(const Tensor& out, std::span<const Tensor> inputs) {
  for (const Tensor& input : inputs) {
    if (shares_memory(out, input)) return true;
  }
  return false;
}

void check_writable(const Tensor& out, const ResultMeta& result) {
  check_can_cast(result.dtype, out.dtype());
  check(result.device == out.device(), "Expected out tensor to be on device ", result.device,
        ", but it is on ", out.device());
  check_no_internal_overlap(out);
}

}  // namespace libtensor::ops
