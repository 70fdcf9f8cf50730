// A system that starts no further thread.
#include "failures/failing_thread.h"
#include "support/callbacks.h"

namespace test {
namespace {

class ThreadStart : public TensorTest {};

// A leaf whose gradient's hook runs the next backward; what that gives is what this gives.
tensor_status_t backward_within_backward(int levels) {
  if (levels == 0) return TENSOR_OK;
  EXPECT_EQ(tensor_grad_enabled_set(true, nullptr), TENSOR_OK);  // it is off in hooks
  const Owned x = filled({2}, 1, TENSOR_FLOAT64, true);
  const OwnedHook hook =
      on_tensor(x, [&](tensor_t**) { return backward_within_backward(levels - 1); });
  return tensor_backward(call(tensor_sum, call(tensor_exp, x)));
}

// Every sixtieth pass within a pass gets a thread.
TEST_F(ThreadStart, OfAPassWithinPassesThatFailsIsOutOfMemory) {
  const size_t live = tensor_live_handles();
  {
    const NoThreadStarts none;
    EXPECT_EQ(backward_within_backward(50), TENSOR_OK) << tensor_last_error();
    EXPECT_EQ(backward_within_backward(100), TENSOR_ERROR_OUT_OF_MEMORY);
    EXPECT_STREQ(tensor_last_error(), "out of memory: the system starts no further thread");
    EXPECT_EQ(tensor_live_handles(), live);
  }
  EXPECT_EQ(backward_within_backward(100), TENSOR_OK) << tensor_last_error();
  EXPECT_EQ(tensor_live_handles(), live);
}

}  // namespace
}  // namespace test
