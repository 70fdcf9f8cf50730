// Where memory runs out in the first calls of a process or of a thread, they say so, and the same
// calls succeed afterwards. Each try is a process of its own.
#include <cstdio>
#include <thread>

#include "failures/each_failure.h"
#include "support/tensors.h"

namespace test {
namespace {

// What a process or thread does first. It stops at the first status that is not OK.
struct Program {
  const char* name;
  tensor_status_t (*body)();
  friend void PrintTo(const Program& program, std::ostream* out) { *out << program.name; }
};

constexpr int64_t kShape[] = {2, 3};
tensor_t* of_another_thread = nullptr;  // made by the process, for a thread to release

tensor_status_t makes_a_tensor() {
  tensor_t* t = nullptr;
  const tensor_status_t status = tensor_ones(kShape, 2, nullptr, &t);
  return status != TENSOR_OK ? status : tensor_release(t);
}

// Succeeds whatever fails: the handle is gone.
tensor_status_t releases() {
  tensor_t* const t = std::exchange(of_another_thread, nullptr);
  const tensor_status_t status = tensor_release(t);
  size_t dims = 0;
  if (status != TENSOR_OK || (t && tensor_ndim(t, &dims) == TENSOR_OK)) {
    std::fprintf(stderr, "a release gave %d: %s\n", status, tensor_last_error());
    _exit(1);
  }
  return TENSOR_OK;
}

tensor_status_t makes_a_mistake() {
  tensor_t* out = nullptr;
  const tensor_status_t status = tensor_view(nullptr, kShape, 2, &out);
  return status == TENSOR_ERROR_INVALID_HANDLE ? TENSOR_OK : status;
}

tensor_status_t names_a_place() { return tensor_set_location("here"); }

// A scope that is open can be closed, whatever fails.
tensor_status_t opens_a_scope() {
  tensor_status_t status = tensor_scope_push();
  if (status != TENSOR_OK) return status;
  tensor_t *a = nullptr, *b = nullptr;
  status = tensor_ones(kShape, 2, nullptr, &a);
  if (status == TENSOR_OK) status = tensor_exp(a, &b);
  if (tensor_scope_pop(b ? &b : nullptr, b ? 1 : 0) != TENSOR_OK) {
    std::fprintf(stderr, "the end of a scope failed: %s\n", tensor_last_error());
    _exit(1);
  }
  tensor_release(b);
  return status;
}

tensor_status_t trains() {
  tensor_options_t options = tensor_options_default();
  options.requires_grad = true;
  tensor_t *x = nullptr, *y = nullptr, *sum = nullptr;
  tensor_status_t status = tensor_ones(kShape, 2, &options, &x);
  if (status == TENSOR_OK) status = tensor_exp(x, &y);
  if (status == TENSOR_OK) status = tensor_sum(y, &sum);
  if (status == TENSOR_OK) status = tensor_backward(sum);
  for (tensor_t* t : {x, y, sum}) tensor_release(t);
  return status;
}

tensor_status_t prints() {
  char text[200];
  tensor_t* t = nullptr;
  size_t length = 0;
  tensor_status_t status = tensor_ones(kShape, 2, nullptr, &t);
  if (status == TENSOR_OK) status = tensor_to_string(t, text, sizeof text, &length);
  tensor_release(t);
  return status;
}

tensor_status_t draws_random_numbers() {
  tensor_t* t = nullptr;
  tensor_status_t status = tensor_manual_seed(1);
  if (status == TENSOR_OK) status = tensor_rand(kShape, 2, nullptr, &t);
  tensor_release(t);
  return status;
}

tensor_status_t uses_large_blocks() {
  const int64_t size = 5000;
  tensor_t *a = nullptr, *b = nullptr;
  tensor_status_t status = tensor_ones(&size, 1, nullptr, &a);
  if (status == TENSOR_OK) status = tensor_exp(a, &b);
  tensor_release(a);
  tensor_release(b);
  return status;
}

Outcome run(const Program& program, int64_t number, Fails which) {
  tensor_status_t status;
  {
    const FailingMalloc failing(number, which);
    status = program.body();
  }
  if (!FailingMalloc::has_failed()) return status == TENSOR_OK ? kNothingFailed : kWrong;
  const bool told =
      status == TENSOR_OK || (status == TENSOR_ERROR_OUT_OF_MEMORY && *tensor_last_error() != '\0');
  const tensor_status_t again = program.body();
  if (told && again == TENSOR_OK) return kFine;
  std::fprintf(stderr, "status %d, then %d: %s\n", status, again, tensor_last_error());
  return kWrong;
}

class FirstUse : public testing::TestWithParam<Program> {};

TEST_P(FirstUse, OfTheProcess) {
  // To release nothing needs nothing.
  const int64_t at_least = GetParam().body == releases ? 0 : 4;
  fail_each(at_least, [](int64_t number, Fails which) { return run(GetParam(), number, which); });
}

TEST_P(FirstUse, OnAThread) {
  fail_each(4, [](int64_t number, Fails which) {
    if (tensor_ones(kShape, 2, nullptr, &of_another_thread) != TENSOR_OK) return kWrong;
    Outcome outcome = kWrong;
    std::thread([&] { outcome = run(GetParam(), number, which); }).join();
    tensor_release(of_another_thread);
    return tensor_live_handles() == 0 ? outcome : kWrong;
  });
}

INSTANTIATE_TEST_SUITE_P(That, FirstUse,
                         testing::Values(Program{"MakesATensor", makes_a_tensor},
                                         Program{"Releases", releases},
                                         Program{"MakesAMistake", makes_a_mistake},
                                         Program{"NamesAPlace", names_a_place},
                                         Program{"OpensAScope", opens_a_scope},
                                         Program{"Trains", trains}, Program{"Prints", prints},
                                         Program{"DrawsRandomNumbers", draws_random_numbers},
                                         Program{"UsesLargeBlocks", uses_large_blocks}),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace test
