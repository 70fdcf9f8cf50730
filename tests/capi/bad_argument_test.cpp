// Every function of the API says which argument is wrong, and writes nothing.
#include "capi/bad_argument.h"

#include "capi/good_handles.h"

namespace test {
namespace {

class BadArguments : public GoodHandles {};

TEST_F(BadArguments, AreNamed) {
  const std::string before = describe(tensor_);
  for (const BadArgument& one : bad_arguments) {
    SCOPED_TRACE(std::string(one.function) + ", " + one.argument + ": " + one.what);
    Results results;
    const size_t live = tensor_live_handles();
    const tensor_status_t status = one.call(good_, results);
    EXPECT_NE(status, TENSOR_OK);
    EXPECT_NE(status, TENSOR_ERROR_INTERNAL);
    if (status == TENSOR_OK) continue;
    EXPECT_TRUE(names(tensor_last_error(), one.argument)) << tensor_last_error();
    EXPECT_EQ(tensor_live_handles(), live);
  }
  EXPECT_EQ(describe(tensor_), before);
  EXPECT_GT(bad_arguments.size(), 500u);
}

}  // namespace
}  // namespace test
