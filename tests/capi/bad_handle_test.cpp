// Every function of the API refuses every handle that is none, and writes nothing.
#include "capi/bad_handle.h"

namespace test {
namespace {

class BadHandle : public TensorTest {};

void expect_refused(const Case& c, tensor_t* good, tensor_t* bad, tensor_status_t expected) {
  Results results;
  const size_t live = tensor_live_handles();
  EXPECT_EQ(c.call(good, bad, results), expected) << tensor_last_error();
  EXPECT_TRUE(results.untouched()) << "a result was written";
  EXPECT_EQ(tensor_live_handles(), live);
}

TEST_F(BadHandle, EveryFunctionThatTakesATensorIsInTheTable) {
  size_t handles = 0;
  for (const Case& c : all_cases) handles += c.kind != Kind::kResult;
  EXPECT_GT(handles, 300u);
}

TEST_F(BadHandle, IsRefusedByEveryFunctionForEveryArgument) {
  const Owned good = filled({1}, 1);
  const std::string before = describe(good);
  tensor_t* released = filled({1}, 1).give();
  OK(tensor_release(released));
  for (const Case& c : all_cases) {
    if (c.kind == Kind::kResult) continue;
    SCOPED_TRACE(c.name);
    if (c.kind == Kind::kHandle) expect_refused(c, good, nullptr, TENSOR_ERROR_INVALID_HANDLE);
    for (uintptr_t stray : {reinterpret_cast<uintptr_t>(released), uintptr_t{1}, ~uintptr_t{0}}) {
      expect_refused(c, good, reinterpret_cast<tensor_t*>(stray), TENSOR_ERROR_INVALID_HANDLE);
    }
  }
  EXPECT_EQ(describe(good), before);
}

TEST_F(BadHandle, NoPlaceForAResultIsRefusedByEveryFunction) {
  const Owned good = filled({1}, 1);
  for (const Case& c : all_cases) {
    if (c.kind != Kind::kResult) continue;
    SCOPED_TRACE(c.name);
    expect_refused(c, good, nullptr, TENSOR_ERROR_INVALID_ARGUMENT);
  }
}

}  // namespace
}  // namespace test
