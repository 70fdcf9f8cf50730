// Settings of the whole library, statuses, and the message of the last error.
#include <set>
#include <thread>

#include "support/refusal.h"

namespace test {
namespace {

class Runtime : public TensorTest {};

TEST_F(Runtime, VersionIs100) { EXPECT_EQ(tensor_version(), 0x010000u); }

TEST_F(Runtime, StatusNamesAreDistinctAndNeverNull) {
  std::set<std::string> names;
  for (tensor_status_t status = TENSOR_OK; status <= TENSOR_ERROR_GRADCHECK; ++status) {
    names.insert(tensor_status_name(status));
  }
  EXPECT_EQ(names.size(), 12u);
  EXPECT_STREQ(tensor_status_name(TENSOR_OK), "ok");
  EXPECT_STREQ(tensor_status_name(TENSOR_ERROR_OUT_OF_MEMORY), "out of memory");
  for (tensor_status_t unknown : {-1, 12, 12345, INT32_MAX, INT32_MIN}) {
    EXPECT_STREQ(tensor_status_name(unknown), "unknown status");
  }
}

TEST_F(Runtime, LastErrorBelongsToItsThread) {
  tensor_release(reinterpret_cast<tensor_t*>(uintptr_t{1}));
  const std::string mine = tensor_last_error();
  EXPECT_NE(mine, "");
  std::thread([] {
    EXPECT_STREQ(tensor_last_error(), "");
    tensor_set_num_threads(0);
    EXPECT_STREQ(tensor_last_error(), "set_num_threads expects a positive integer");
  }).join();
  EXPECT_EQ(tensor_last_error(), mine);
}

TEST_F(Runtime, LastErrorStaysUntilTheNextFailure) {
  tensor_set_num_threads(0);
  const std::string message = tensor_last_error();
  filled({2}, 1);
  EXPECT_EQ(tensor_last_error(), message);
}

TEST_F(Runtime, ThreadCountIsKept) {
  const int32_t before = tensor_get_num_threads();
  EXPECT_GE(before, 1);
  for (int32_t n : {1, 2, 7}) {
    OK(tensor_set_num_threads(n));
    EXPECT_EQ(tensor_get_num_threads(), n);
  }
  for (int32_t n : {0, -1, INT32_MIN}) {
    expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "set_num_threads expects a positive integer"},
                   {}, [&] { return tensor_set_num_threads(n); });
    EXPECT_EQ(tensor_get_num_threads(), 7);
  }
  OK(tensor_set_num_threads(before));
}

TEST_F(Runtime, ManyMoreThreadsThanCoresWork) {
  const int32_t before = tensor_get_num_threads();
  const Owned a = filled({1 << 20}, 1);
  OK(tensor_set_num_threads(64));
  EXPECT_EQ(value(call(tensor_sum, call(tensor_add, a, a))), 1 << 21);
  OK(tensor_set_num_threads(before));
}

TEST_F(Runtime, SeedGivesTheSameNumbersAgain) {
  const int64_t sizes[] = {1000};
  OK(tensor_manual_seed(42));
  const Owned first = call(tensor_randn, sizes, 1, nullptr),
              other = call(tensor_rand, sizes, 1, nullptr);
  OK(tensor_manual_seed(42));
  EXPECT_EQ(values(call(tensor_randn, sizes, 1, nullptr)), values(first));
  EXPECT_EQ(values(call(tensor_rand, sizes, 1, nullptr)), values(other));
  OK(tensor_manual_seed(43));
  EXPECT_NE(values(call(tensor_randn, sizes, 1, nullptr)), values(first));
}

TEST_F(Runtime, CudaIsThereOrThereIsAReason) {
  EXPECT_EQ(tensor_cuda_is_available(), std::string(tensor_cuda_unavailable_reason()).empty());
}

TEST_F(Runtime, ScalarsOfAnotherKindAreRefused) {
  const Owned t = filled({2}, 1);
  for (tensor_dtype_t type :
       {TENSOR_DTYPE_DEFAULT + 0, TENSOR_FLOAT32 + 0, TENSOR_INT32 + 0, 11, -1}) {
    tensor_scalar_t bad = tensor_scalar_int64(1);
    bad.dtype = type;
    const std::string message =
        "other is not a number: make it with tensor_scalar_double, _int64, _uint64 or _bool";
    expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT, message}, {t},
                     [&](tensor_t** out) { return tensor_add_scalar(t, bad, out); });
    expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, message}, {t},
                   [&] { return tensor_add_scalar_(t, bad); });
  }
}

TEST_F(Runtime, ReductionsOfAnotherKindAreRefused) {
  const Owned a = filled({2}, 1), b = filled({2}, 1);
  for (tensor_reduction_t reduction : {-1, 3, 1000}) {
    expect_no_result(
        {TENSOR_ERROR_VALUE, std::to_string(reduction) + " is not a valid value for reduction"},
        {a, b}, [&](tensor_t** out) {
          return tensor_mse_loss(a, b, With(&tensor_mse_loss_options_t::reduction, reduction), out);
        });
  }
}

}  // namespace
}  // namespace test
