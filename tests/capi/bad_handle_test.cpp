// Every function of the API refuses every handle that is none, and writes nothing.
#include "capi/good_handles.h"

namespace test {
namespace {

class BadHandle : public GoodHandles {};

// The name of the argument in question, which the row has behind that of the function.
std::string argument_of(const Case& c) {
  return std::string(c.name).substr(std::string(c.name).find(", ") + 2);
}

void expect_refused(const Case& c, const Good& good, void* bad, tensor_status_t expected) {
  Results results;
  const size_t live = tensor_live_handles();
  EXPECT_EQ(c.call(good, bad, results), expected) << tensor_last_error();
  EXPECT_TRUE(names(tensor_last_error(), argument_of(c))) << tensor_last_error();
  EXPECT_TRUE(results.untouched()) << "a result was written";
  EXPECT_EQ(tensor_live_handles(), live);
}

TEST_F(BadHandle, EveryFunctionThatTakesATensorIsInTheTable) {
  size_t handles = 0;
  for (const Case& c : all_cases) handles += c.kind != Kind::kResult;
  EXPECT_GT(handles, 300u);
}

TEST_F(BadHandle, IsRefusedByEveryFunctionForEveryArgument) {
  const std::string before = describe(tensor_);
  tensor_t* released = filled({1}, 1).give();
  OK(tensor_release(released));
  for (const Case& c : all_cases) {
    if (c.kind == Kind::kResult) continue;
    SCOPED_TRACE(c.name);
    if (c.kind == Kind::kHandle) expect_refused(c, good_, nullptr, TENSOR_ERROR_INVALID_HANDLE);
    for (uintptr_t stray : {reinterpret_cast<uintptr_t>(released), uintptr_t{1}, ~uintptr_t{0}}) {
      expect_refused(c, good_, reinterpret_cast<void*>(stray), TENSOR_ERROR_INVALID_HANDLE);
    }
  }
  EXPECT_EQ(describe(tensor_), before);
}

TEST_F(BadHandle, NoPlaceForAResultIsRefusedByEveryFunction) {
  for (const Case& c : all_cases) {
    if (c.kind != Kind::kResult) continue;
    SCOPED_TRACE(c.name);
    expect_refused(c, good_, nullptr, TENSOR_ERROR_INVALID_ARGUMENT);
  }
}

}  // namespace
}  // namespace test
