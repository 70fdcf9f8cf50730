// Bools that are neither 0 nor 1, as memory of others may hold them: every operation takes what is
// not 0 for true.
#include "support/tensors.h"

namespace test {
namespace {

Owned to(const tensor_t* t, tensor_dtype_t type) {
  return call(tensor_to_copy, t,
              With(&tensor_to_copy_options_t::dtype, type)
                  .add(&tensor_to_copy_options_t::device, device()));
}

struct Flags {
  Owned a, b, mask;  // of 6 x 50, 50 and 6 x 50
};
using Bytes = std::vector<unsigned char>;

// Of these bytes, on the device that is tested.
Owned flags_of(Bytes& bytes, const Shape& shape) {
  tensor_options_t settings = tensor_options_default();
  settings.dtype = TENSOR_BOOL;
  const Owned there = call(tensor_from_blob, bytes.data(), shape.data(), nullptr, shape.size(),
                           &settings, nullptr, nullptr);
  return to(there, TENSOR_BOOL);
}

Bytes odd_bytes(size_t count, unsigned step) {
  static constexpr unsigned char kCycle[] = {0, 1, 2, 255, 0, 128, 4, 0, 16, 3, 254};
  Bytes bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = kCycle[i * step % sizeof kCycle];
  return bytes;
}
Bytes as_0_or_1(Bytes bytes) {
  for (unsigned char& byte : bytes) byte = byte != 0;
  return bytes;
}

struct Case {
  const char* name;
  std::function<Owned(const Flags&)> call;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

constexpr int64_t kRows[] = {0};
constexpr int64_t kColumns[] = {1};
Owned numbers() {
  return call(tensor_reshape, from<float>(std::vector<float>(300, 3), {300}),
              std::vector<int64_t>{6, 50}.data(), 2);
}
// The values (0) or the indices (1) of a maximum or minimum along a dim.
template <class F>
Owned one_of_two(F* function, const tensor_t* t, int64_t dim, int which) {
  Owned results[2];
  EXPECT_EQ(function(t, dim, nullptr, results[0].out(), results[1].out()), TENSOR_OK)
      << tensor_last_error();
  return std::move(results[which]);
}
template <class T>
Owned along(tensor_status_t (*function)(const tensor_t*, const T*, tensor_t**), const tensor_t* t,
            const int64_t* dim) {
  return call(function, t, With(&T::dim, dim).add(&T::dim_count, 1));
}
template <class F>
Owned in_place(F* function, Owned t, const tensor_t* other) {
  EXPECT_EQ(function(t, other), TENSOR_OK) << tensor_last_error();
  return t;
}
template <class F>
Owned answer(F* function, const tensor_t* a, const tensor_t* b) {
  bool result = false;
  EXPECT_EQ(function(a, b, &result), TENSOR_OK) << tensor_last_error();
  return filled({}, result);
}

#define CASE(name, ...)                                        \
  {                                                            \
#name, [](const Flags& f) -> Owned { return __VA_ARGS__; } \
  }
#define UNARY(name) CASE(name, call(tensor_##name, f.a))
#define BINARY(name) CASE(name, call(tensor_##name, f.a, f.b))
#define ALONG(name, last)                                      \
  CASE(name##_rows, call(tensor_##name, f.a, kRows, 1, last)), \
      CASE(name##_columns, call(tensor_##name, f.a, kColumns, 1, last))
#define CAST(type)                         \
  CASE(to_##type, to(f.a, TENSOR_##type)), \
      CASE(add_##type, call(tensor_add, f.a, filled({1}, 1, TENSOR_##type)))

const Case kCases[] = {
    UNARY(any),
    UNARY(all),
    UNARY(max),
    UNARY(min),
    UNARY(sum),
    UNARY(bitwise_not),
    UNARY(exp),
    UNARY(clone),
    UNARY(contiguous),
    ALONG(any_dim, nullptr),
    ALONG(all_dim, nullptr),
    CASE(amax_rows, along(tensor_amax, f.a, kRows)),
    CASE(amax_columns, along(tensor_amax, f.a, kColumns)),
    CASE(amin_rows, along(tensor_amin, f.a, kRows)),
    CASE(amin_columns, along(tensor_amin, f.a, kColumns)),
    ALONG(sum_dim, false),
    CASE(max_values, one_of_two(tensor_max_dim, f.a, 1, 0)),
    CASE(max_indices, one_of_two(tensor_max_dim, f.a, 1, 1)),
    CASE(min_values, one_of_two(tensor_min_dim, f.a, 0, 0)),
    CASE(min_indices, one_of_two(tensor_min_dim, f.a, 0, 1)),
    BINARY(add),
    BINARY(mul),
    BINARY(maximum),
    BINARY(minimum),
    BINARY(bitwise_and),
    BINARY(bitwise_or),
    BINARY(bitwise_xor),
    BINARY(eq),
    BINARY(ne),
    BINARY(lt),
    BINARY(le),
    BINARY(gt),
    BINARY(ge),
    CASE(eq_true, call(tensor_eq_scalar, f.a, tensor_scalar_bool(true))),
    CASE(lt_true, call(tensor_lt_scalar, f.a, tensor_scalar_bool(true))),
    CASE(eq_number, call(tensor_eq, f.a, numbers())),
    CASE(add_number, call(tensor_add, numbers(), f.a)),
    CASE(div_number, call(tensor_div, f.a, numbers())),
    CASE(mul_number, call(tensor_mul, f.b, numbers())),
    CASE(where_condition, call(tensor_where, f.mask, numbers(), call(tensor_neg, numbers()))),
    CASE(where_choices, call(tensor_where, f.mask, f.a, f.b)),
    CASE(where_condition_of_columns,
         call(tensor_where, call(tensor_transpose, f.mask, 0, 1), call(tensor_transpose, f.a, 0, 1),
              call(tensor_transpose, numbers(), 0, 1))),
    CASE(equal_to_numbers, answer(tensor_equal, f.a, to(to(f.a, TENSOR_INT32), TENSOR_BOOL))),
    CASE(scalar, call(tensor_add, numbers(), call(tensor_select, f.b, 0, 2))),
    CASE(strided_sum, call(tensor_sum, call(tensor_slice, f.a, 1, 1, 50, 3))),
    CASE(strided_any, call(tensor_any_dim, call(tensor_transpose, f.a, 0, 1), kRows, 1, nullptr)),
    CASE(matmul, call(tensor_matmul, to(f.a, TENSOR_FLOAT32), to(f.b, TENSOR_FLOAT32))),
    CASE(add_, in_place(tensor_add_, numbers(), f.a)),
    CASE(mul_, in_place(tensor_mul_, call(tensor_clone, f.a), f.b)),
    CASE(bitwise_or_, in_place(tensor_bitwise_or_, call(tensor_clone, f.a), f.b)),
    CASE(copy_, in_place(tensor_copy_, numbers(), f.a)),
    CASE(index_select, call(tensor_index_select, f.a, 0, from<int64_t>({5, 0, 2}, {3}))),
    CAST(BOOL),
    CAST(UINT8),
    CAST(INT8),
    CAST(INT16),
    CAST(INT32),
    CAST(INT64),
    CAST(FLOAT16),
    CAST(BFLOAT16),
    CAST(FLOAT32),
    CAST(FLOAT64),
};

class Bools : public TensorTest, public testing::WithParamInterface<Case> {};

TEST_P(Bools, AreTrueWhereTheyAreNot0) {
  Bytes a = odd_bytes(300, 1), b = odd_bytes(50, 3), mask = odd_bytes(300, 7);
  Bytes clean_a = as_0_or_1(a), clean_b = as_0_or_1(b), clean_mask = as_0_or_1(mask);
  const Shape large = {6, 50}, row = {50};
  const Flags odd = {flags_of(a, large), flags_of(b, row), flags_of(mask, large)};
  const Flags clean = {flags_of(clean_a, large), flags_of(clean_b, row),
                       flags_of(clean_mask, large)};
  const Owned result = GetParam().call(odd), expected = GetParam().call(clean);
  EXPECT_EQ(dtype(result), dtype(expected));
  EXPECT_EQ(shape(result), shape(expected));
  EXPECT_EQ(values(result), values(expected));
  EXPECT_EQ(text(result), text(expected));
}

INSTANTIATE_TEST_SUITE_P(All, Bools, testing::ValuesIn(kCases),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace test
