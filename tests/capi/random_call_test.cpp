// Every operation with arguments drawn at random, most of them wrong: a call that fails says why
// and changes nothing, one that succeeds gives tensors whose every element can be read, and makes
// no text: names and shapes are written when an error is thrown, not for the case that one might
// be.
#include <cstdlib>
#include <string_view>

#include "capi/random_call.h"
#include "capi/texts_made.h"
#include "support/emulator.h"

namespace test {
namespace {

int64_t before_call = 0, made_in_call = 0;

void around(bool begins) {
  if (begins) {
    before_call = texts_made;
  } else {
    made_in_call = texts_made - before_call;
  }
}

// To open a device makes its name.
void open_devices() {
  emulator();  // the first call loads it
  filled({1}, 1);
  int32_t count = 0;
  OK(tensor_cuda_device_count(&count));
  for (int32_t index = 0; index < count; ++index) {
    tensor_options_t options = tensor_options_default();
    options.device = {TENSOR_CUDA, index};
    const int64_t size = 1;
    call(tensor_zeros, &size, size_t{1}, &options);
  }
}

// Whose result is a text.
bool writes_text(std::string_view name) { return name.ends_with("to_string"); }

class RandomCalls : public TensorTest {
 protected:
  void SetUp() override {
    TensorTest::SetUp();
    tensor_memory_stats_t stats = {};
    stats.struct_size = sizeof(stats);
    OK(tensor_memory_stats(device(), &stats));
    OK(tensor_memory_set_budget(device(), stats.reserved + kBudget));
    open_devices();
    Draw::around_call = around;
  }
  void TearDown() override {
    Draw::around_call = nullptr;
    OK(tensor_memory_set_budget(device(), UINT64_MAX));
    TensorTest::TearDown();
  }

 private:
  const AtOnce at_once_;
  static constexpr uint64_t kBudget = 8 << 20;  // so that a large result is refused, not filled
};

TEST_F(RandomCalls, AFailingCallChangesNothing) {
  const char* asked = std::getenv("LIBTENSOR_TEST_DRAWS");
  const int draws = repetitions(asked ? std::stoi(asked) : 500);
  size_t failed = 0, succeeded = 0, texts_of_failures = 0;
  for (size_t i = 0; i < random_calls.size(); ++i) {
    const RandomCall& one = random_calls[i];
    // The emulated device reports who reads elements that nobody wrote.
    if (!on_cpu() && std::string_view(one.name).starts_with("tensor_empty")) continue;
    for (int draw = 0; draw < draws; ++draw) {
      const uint64_t seed = i << 32 | static_cast<uint64_t>(draw);
      SCOPED_TRACE(std::string(one.name) + ", seed " + std::to_string(seed));
      std::mt19937_64 random(seed);
      Draw arguments(random, one.visits_no_element);
      if (one.call(arguments) == TENSOR_OK) {
        ++succeeded;
        EXPECT_TRUE(made_in_call == 0 || writes_text(one.name)) << "a text was made";
      } else {
        ++failed;
        texts_of_failures += made_in_call;
      }
      if (emulator() && emulator()->report_count() > 0) {
        ADD_FAILURE() << "the emulator has something to report";
        return;
      }
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(random_calls.size(), 320u);
  EXPECT_GT(texts_of_failures, 0u);  // they are counted
  EXPECT_GT(failed, random_calls.size() * draws / 4);
  EXPECT_GT(succeeded, random_calls.size() * draws / 10);
}

}  // namespace
}  // namespace test
