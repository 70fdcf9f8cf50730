// Another thread writes the indices that a call reads: a race of the program, which may get wrong
// numbers or an error, but no memory of others and no crash.
#include <atomic>
#include <functional>
#include <thread>

#include "support/tensors.h"

namespace test {
namespace {

using Program = std::function<tensor_status_t()>;

class RacingIndices : public TensorTest {
 protected:
  void SetUp() override {
    TensorTest::SetUp();
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "the race is the program's";
#endif
  }

  // Calls until the indices were seen to change, some thousand times.
  void race(const Program& program) {
    std::atomic<bool> done{false};
    std::thread writer([&] {
      while (!done) {
        for (const double value : {0x1p45, 0.0}) {
          const tensor_scalar_t number = tensor_scalar_int64(static_cast<int64_t>(value));
          EXPECT_EQ(tensor_fill_(index_, number), TENSOR_OK) << tensor_last_error();
        }
      }
    });
    int served = 0, refused = 0;
    for (int i = 0; i < repetitions(20'000) && (i < 2000 || served < 100 || refused < 100); ++i) {
      ++(program() == TENSOR_OK ? served : refused);
    }
    done = true;
    writer.join();
  }

  Owned self_ = filled({4}, 1), source_ = filled({4096}, 1);
  Owned index_ = filled({4096}, 0, TENSOR_INT64);
};

TEST_F(RacingIndices, IndexSelect) {
  race([&] { return tensor_index_select(self_, 0, index_, Owned().out()); });
}
TEST_F(RacingIndices, Gather) {
  race([&] { return tensor_gather(self_, 0, index_, Owned().out()); });
}
TEST_F(RacingIndices, IndexAdd) {
  race([&] { return tensor_index_add_(self_, 0, index_, source_); });
}
TEST_F(RacingIndices, Scatter) {
  race([&] { return tensor_scatter_(self_, 0, index_, source_); });
}
TEST_F(RacingIndices, ScatterAdd) {
  race([&] { return tensor_scatter_add_(self_, 0, index_, source_); });
}
TEST_F(RacingIndices, CrossEntropy) {
  const Owned logits = filled({4096, 3}, 1);
  race([&] { return tensor_cross_entropy(logits, index_, Owned().out()); });
}

}  // namespace
}  // namespace test
