// The host's locale is the host's: texts are the same in all of them.
#include <clocale>
#include <locale>
#include <regex>

#include "support/refusal.h"

namespace test {
namespace {

// "1.234,5", as in much of Europe.
struct Grouping : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

std::string written(const std::function<tensor_status_t(char*, size_t, size_t*)>& write) {
  size_t length = 0;
  EXPECT_EQ(write(nullptr, 0, &length), TENSOR_OK) << tensor_last_error();
  std::string text(length + 1, '\0');
  EXPECT_EQ(write(text.data(), text.size(), &length), TENSOR_OK) << tensor_last_error();
  text.resize(length);
  return text;
}

// One of each kind, with numbers that a locale would group.
std::vector<std::string> texts() {
  std::vector<std::string> all;
  const tensor_device_t cpu = {TENSOR_CPU, 0};
  EXPECT_EQ(tensor_memory_history_record(cpu, 100), TENSOR_OK);
  const Owned x = filled({1234567}, 1234.5, TENSOR_FLOAT32, true);
  const Owned y = call(tensor_sum, call(tensor_mul, call(tensor_exp, x), x));
  tensor_t* outputs[] = {y};
  all.push_back(written([&](char* buffer, size_t capacity, size_t* length) {
    return tensor_to_string(x, buffer, capacity, length);
  }));
  for (auto* draw : {tensor_graph_to_dot, tensor_graph_to_svg, tensor_graph_to_html}) {
    all.push_back(written([&](char* buffer, size_t capacity, size_t* length) {
      return draw(outputs, 1, nullptr, buffer, capacity, length);
    }));
  }
  all.push_back(written([&](char* buffer, size_t capacity, size_t* length) {
    return tensor_memory_history(cpu, buffer, capacity, length);
  }));
  EXPECT_EQ(tensor_memory_history_record(cpu, 0), TENSOR_OK);
  const int64_t shape[] = {7, 1234567};
  tensor_t* out = nullptr;
  EXPECT_EQ(tensor_view(x, shape, 2, &out), TENSOR_ERROR_INVALID_ARGUMENT);
  all.push_back(tensor_last_error());
  const int64_t far_too_many = int64_t{1} << 50;
  EXPECT_EQ(tensor_ones(&far_too_many, 1, nullptr, &out), TENSOR_ERROR_OUT_OF_MEMORY);
  const std::string message = tensor_last_error();
  // How much is free changes from call to call; how it is written does not.
  all.push_back(
      std::regex_replace(message.substr(0, message.find("iB")), std::regex("[0-9]+"), "#"));
  return all;
}

class Locale : public TensorTest {
 protected:
  void TearDown() override {
    std::locale::global(before_);
    TensorTest::TearDown();
  }

 private:
  const std::locale before_;
};

TEST_F(Locale, OfTheHostChangesNoText) {
  if (!on_cpu()) GTEST_SKIP() << "the texts are the same there";
  const std::vector<std::string> expected = texts();
  std::locale::global(std::locale(std::locale::classic(), new Grouping));
  EXPECT_EQ((std::ostringstream() << 1234567).str(), "1.234.567");
  EXPECT_EQ(texts(), expected);
}

}  // namespace
}  // namespace test
