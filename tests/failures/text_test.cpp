// Where memory is out, a text is refused, never cut short; and scopes can be closed.
#include "failures/failing_new.h"
#include "support/tensors.h"

namespace test {
namespace {

// Everything that writes a text in the way of snprintf.
struct Text {
  const char* name;
  tensor_status_t (*write)(tensor_t* t, char* buffer, size_t capacity, size_t* length);
  friend void PrintTo(const Text& text, std::ostream* out) { *out << text.name; }
};

class Texts : public testing::TestWithParam<Text> {};

TEST_P(Texts, AreWholeOrRefused) {
  const tensor_device_t cpu = {TENSOR_CPU, 0};
  OK(tensor_memory_history_record(cpu, 100));
  const Owned x = leaf({1, 2, 3}), large = filled({5000}, 1);
  const Owned y = call(tensor_sum, call(tensor_mul, call(tensor_exp, x), x));
  static char expected[100000], text[100000];
  size_t length = 0;
  OK(GetParam().write(y, expected, sizeof expected, &length));
  ASSERT_LT(length, sizeof expected);
  int64_t number = 0;
  for (bool failed = true; failed; ++number) {
    until_failure = number + 1;
    const tensor_status_t status = GetParam().write(y, text, sizeof text, &length);
    failed = until_failure == 0;
    until_failure = 0;
    if (status == TENSOR_OK) {
      ASSERT_STREQ(text, expected) << "allocation " << number + 1;
    } else {
      ASSERT_EQ(status, TENSOR_ERROR_OUT_OF_MEMORY) << tensor_last_error();
    }
  }
  EXPECT_GT(number, 1);
  OK(tensor_memory_history_record(cpu, 0));
}

template <auto kDraw>
tensor_status_t draws(tensor_t* t, char* buffer, size_t capacity, size_t* length) {
  return kDraw(&t, 1, nullptr, buffer, capacity, length);
}
tensor_status_t prints(tensor_t* t, char* buffer, size_t capacity, size_t* length) {
  return tensor_to_string(t, buffer, capacity, length);
}
tensor_status_t tells(tensor_t*, char* buffer, size_t capacity, size_t* length) {
  return tensor_memory_history({TENSOR_CPU, 0}, buffer, capacity, length);
}

INSTANTIATE_TEST_SUITE_P(Of, Texts,
                         testing::Values(Text{"ATensor", prints},
                                         Text{"ADotPicture", draws<tensor_graph_to_dot>},
                                         Text{"AnSvgPicture", draws<tensor_graph_to_svg>},
                                         Text{"AnHtmlPicture", draws<tensor_graph_to_html>},
                                         Text{"AHistory", tells}),
                         [](const auto& each) { return std::string(each.param.name); });

// A message that there is no memory for makes way for one that says so.
TEST(Messages, AreWholeOrOfMemory) {
  const int64_t shape[] = {7, 1234567};
  const Owned t = filled({2}, 1);
  const auto refused = [&] {
    tensor_t* out = nullptr;
    return tensor_view(t, shape, 2, &out);
  };
  ASSERT_EQ(refused(), TENSOR_ERROR_INVALID_ARGUMENT);
  const std::string expected = tensor_last_error();
  int64_t number = 0;
  for (bool failed = true; failed; ++number) {
    until_failure = number + 1;
    const tensor_status_t status = refused();
    failed = until_failure == 0;
    until_failure = 0;
    const std::string message = tensor_last_error();
    if (status == TENSOR_ERROR_INVALID_ARGUMENT) {
      ASSERT_EQ(message, expected) << "allocation " << number + 1;
    } else {
      ASSERT_EQ(status, TENSOR_ERROR_OUT_OF_MEMORY);
      ASSERT_EQ(message.find("out of memory"), 0u) << message;
    }
  }
  EXPECT_GT(number, 1);
}

// Memory that is out is when a scope's end is needed most.
TEST(Scopes, CloseWithoutMemory) {
  const size_t handles = tensor_live_handles();
  OK(tensor_scope_push());
  OK(tensor_scope_push());
  tensor_t* const survivor = filled({2}, 1).give();
  for (int i = 0; i < 100; ++i) filled({2}, 2).give();
  const int64_t before = made_blocks;
  until_failure = 1;
  const tensor_status_t status = tensor_scope_pop(&survivor, 1);
  until_failure = 0;
  OK(status);
  EXPECT_EQ(made_blocks, before);
  EXPECT_EQ(tensor_live_handles(), handles + 1);
  EXPECT_EQ(value(call(tensor_sum, survivor)), 2);
  OK(tensor_scope_pop(nullptr, 0));
  EXPECT_EQ(tensor_live_handles(), handles);
}

}  // namespace
}  // namespace test
