// Cases of a call that is refused in PyTorch's words: what they are made of, and how one is
// checked.
#pragma once

#include "support/refusal.h"

namespace test {

inline constexpr tensor_status_t kRuntime = TENSOR_ERROR_INVALID_ARGUMENT;
inline constexpr tensor_status_t kIndex = TENSOR_ERROR_INDEX;
inline constexpr tensor_status_t kNoKernel = TENSOR_ERROR_NOT_IMPLEMENTED;

// Shapes and dtypes that the cases are made of.
struct Material {
  Owned a23 = filled({2, 3}, 1), a24 = filled({2, 4}, 1), a3 = filled({3}, 1), a4 = filled({4}, 1);
  Owned a2 = filled({2}, 1), cube = filled({2, 3, 4}, 1), scalar = filled({}, 1),
        none = filled({0}, 1);
  Owned none3 = filled({0, 3}, 1), long3 = filled({3}, 1, TENSOR_INT64),
        bool3 = filled({3}, 1, TENSOR_BOOL);
  Owned double32 = filled({3, 2}, 1, TENSOR_FLOAT64), expanded, turned;

  Material() {
    const int64_t three[] = {3};
    expanded = call(tensor_expand, filled({1}, 1), three, 1);
    turned = call(tensor_transpose, a23, 0, 1);
  }
};

struct Case {
  const char* name;
  tensor_status_t status;
  const char* message;
  std::function<tensor_status_t(const Material&, tensor_t**)> call;
};

inline std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

inline tensor_status_t sized(tensor_status_t (*f)(const tensor_t*, const int64_t*, size_t,
                                                  tensor_t**),
                             const tensor_t* t, const Shape& shape, tensor_t** out) {
  return f(t, shape.data(), shape.size(), out);
}
inline tensor_status_t reduced(tensor_status_t (*f)(const tensor_t*, const int64_t*, size_t, bool,
                                                    tensor_t**),
                               const tensor_t* t, const Shape& dims, tensor_t** out) {
  return f(t, dims.data(), dims.size(), false, out);
}
inline tensor_status_t strided(const tensor_t* t, const Shape& size, const Shape& stride,
                               tensor_t** out) {
  return tensor_as_strided(t, size.data(), size.size(), stride.data(), stride.size(), nullptr, out);
}
template <class F>
tensor_status_t random_integers(F* f, tensor_t** out) {
  const tensor_options_t settings = options(TENSOR_INT64);
  const int64_t three[] = {3};
  return f(three, 1, &settings, out);
}
inline With<tensor_arange_options_t> by(tensor_scalar_t step) {
  return With(&tensor_arange_options_t::step, step);
}
template <class F>
tensor_status_t joined(F* f, std::vector<tensor_t*> tensors, tensor_t** out) {
  return f(tensors.data(), tensors.size(), nullptr, out);
}

// `call` sees the material as m and where to write a result as out.
#define CALL(...) \
  []([[maybe_unused]] const Material& m, [[maybe_unused]] tensor_t** out) { return __VA_ARGS__; }

class Message : public TensorTest, public testing::WithParamInterface<Case> {
 protected:
  void check() {
    const Material m;
    expect_no_result({GetParam().status, GetParam().message},
                     {m.a23, m.a24, m.a3, m.a4, m.a2, m.cube, m.scalar, m.none, m.none3, m.long3,
                      m.bool3, m.double32, m.expanded, m.turned},
                     [&](tensor_t** out) { return GetParam().call(m, out); });
  }
};

// A suite of its own for a table of cases.
#define LIBTENSOR_MESSAGES(Suite, cases)                         \
  class Suite : public Message {};                               \
  TEST_P(Suite, IsPyTorchsAndNothingChanges) { check(); }        \
  INSTANTIATE_TEST_SUITE_P(All, Suite, testing::ValuesIn(cases), \
                           [](const auto& one) { return std::string(one.param.name); })

}  // namespace test
