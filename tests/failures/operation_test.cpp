// Every operation, with arguments drawn at random, while each small allocation in it fails in its
// turn: where it fails, nothing has changed (random_call.h looks), and the same call then gives
// what it gives otherwise.
#include <string_view>

#include "capi/random_call.h"
#include "failures/failing_new.h"

namespace test {
namespace {

int64_t failing = 0;  // the number of the allocation; 0: none
bool failed = false;

void around(bool begins) {
  if (!begins) failed = failing > 0 && until_failure == 0;
  until_failure = begins ? failing : 0;
}

class OperationFailures : public TensorTest {
 protected:
  void SetUp() override {
    TensorTest::SetUp();
    tensor_memory_stats_t stats = tensor_memory_stats_default();
    OK(tensor_memory_stats(device(), &stats));
    OK(tensor_memory_set_budget(device(), stats.reserved + kBudget));
    Draw::around_call = around;
  }
  void TearDown() override {
    Draw::around_call = nullptr;
    OK(tensor_memory_set_budget(device(), UINT64_MAX));
    TensorTest::TearDown();
  }
  static constexpr uint64_t kBudget = 64 << 20;  // so that a huge result is refused, not filled
  // The same arguments each time.
  static tensor_status_t call(const RandomCall& one, uint64_t seed, int64_t allocation) {
    failing = allocation;
    std::mt19937_64 random(seed);
    Draw arguments(random, one.visits_no_element);
    return one.call(arguments);
  }
};

TEST_F(OperationFailures, OfEachAllocationChangeNothing) {
#ifdef __SANITIZE_ADDRESS__
  constexpr uint64_t kDraws = 2;
#else
  constexpr uint64_t kDraws = 8;
#endif
  int64_t failures = 0, refused = 0;
  for (size_t i = 0; i < random_calls.size(); ++i) {
    const RandomCall& one = random_calls[i];
    for (uint64_t draw = 0; draw < kDraws; ++draw) {
      const uint64_t seed = i << 32 | draw;
      const tensor_status_t expected = call(one, seed, 0);
      for (int64_t number = 1;; ++number) {
        SCOPED_TRACE(std::string(one.name) + ", seed " + std::to_string(seed) + ", allocation " +
                     std::to_string(number));
        const tensor_status_t status = call(one, seed, number);
        if (!failed) {
          ASSERT_EQ(status, expected);
          break;
        }
        ++failures;
        refused += status == TENSOR_ERROR_OUT_OF_MEMORY;
        ASSERT_TRUE(status == TENSOR_ERROR_OUT_OF_MEMORY || status == expected) << status;
        ASSERT_FALSE(HasFailure());
      }
      ASSERT_EQ(call(one, seed, 0), expected) << one.name;
    }
  }
  EXPECT_GT(failures, 1000);
  EXPECT_GT(refused, failures / 2);
}

}  // namespace
}  // namespace test
