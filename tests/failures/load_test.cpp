// Where memory runs out while the library is loaded, the process goes on: the loader says so, or
// the library is there and serves. Nothing is linked with it. Each try is a process of its own.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <tensor/tensor.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <string>

#include "failures/failing_malloc.h"

namespace test {
namespace {

enum Outcome { kFine = 0, kWrong = 1, kNothingFailed = 2 };

template <class F>
F* function(void* library, const char* name, F*) {
  return reinterpret_cast<F*>(dlsym(library, name));
}
#define FROM(library, name) function(library, #name, static_cast<decltype(&name)>(nullptr))

bool works(void* library) {
  const int64_t shape[] = {2, 3};
  tensor_t *a = nullptr, *b = nullptr;
  return FROM(library, tensor_ones)(shape, 2, nullptr, &a) == TENSOR_OK &&
         FROM(library, tensor_exp)(a, &b) == TENSOR_OK &&
         FROM(library, tensor_release)(a) == TENSOR_OK &&
         FROM(library, tensor_release)(b) == TENSOR_OK;
}

bool tells_why() {
  const char* const reason = dlerror();
  return reason && *reason;
}

Outcome loads(int64_t number, Fails which) {
  // Where it has no memory as it is loaded, it ends the process, whoever needs it.
  dlopen("libhwy.so.1", RTLD_NOW | RTLD_LOCAL);
  void* library = nullptr;
  {
    const FailingMalloc failing(number, which);
    library = dlopen(LIBTENSOR_FILE, RTLD_NOW | RTLD_LOCAL);
  }
  const bool failed = FailingMalloc::has_failed();
  if (!library) {
    if (!failed || !tells_why()) return kWrong;
    // The loader may have kept what it had half read, and then refuses it for good.
    library = dlopen(LIBTENSOR_FILE, RTLD_NOW | RTLD_LOCAL);
    if (!library) return tells_why() ? kFine : kWrong;
  }
  if (!works(library)) return kWrong;
  return failed ? kFine : kNothingFailed;
}

// The plug-in, loaded at first use, in a process that has used the library.
Outcome loads_plugin(int64_t number, Fails which) {
  void* const library = dlopen(LIBTENSOR_FILE, RTLD_NOW | RTLD_LOCAL);
  if (!library || !works(library)) return kWrong;
  const auto load = FROM(library, tensor_backend_load);
  const auto message = FROM(library, tensor_last_error);
  tensor_status_t status = TENSOR_OK;
  {
    const FailingMalloc failing(number, which);
    status = load(PLUGIN_FILE);
  }
  if (!FailingMalloc::has_failed()) return status == TENSOR_OK ? kNothingFailed : kWrong;
  const bool told = status == TENSOR_OK || *message();
  const tensor_status_t again = load(PLUGIN_FILE);
  // One that is loaded is not loaded again.
  const bool there = FROM(library, tensor_cuda_is_available)();
  if (told && (again == TENSOR_OK || there) && works(library)) return kFine;
  std::fprintf(stderr, "status %d, then %d: %s\n", status, again, message());
  return kWrong;
}

// What became of a child that ran `body`.
std::string outcome_of(const std::function<Outcome()>& body, Outcome* outcome) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(body());
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return "no child";
  if (WIFSIGNALED(status)) return strsignal(WTERMSIG(status));
  *outcome = static_cast<Outcome>(WEXITSTATUS(status));
  return *outcome == kFine || *outcome == kNothingFailed ? "" : "the child says why";
}

void fail_each(Outcome (*body)(int64_t number, Fails which)) {
  if (!FAILING_MALLOC) GTEST_SKIP() << "needs the C library's own malloc";
  int64_t failures = 0;
  for (Fails which : {Fails::kOne, Fails::kAllFrom}) {
    Outcome outcome = kFine;
    for (int64_t number = 1; outcome != kNothingFailed; ++number, ++failures) {
      const std::string wrong = outcome_of([&] { return body(number, which); }, &outcome);
      ASSERT_EQ(wrong, "") << "allocation " << number
                           << (which == Fails::kOne ? "" : " and all later ones");
    }
  }
  EXPECT_GT(failures, 10);
}

TEST(Loading, OfTheLibrarySurvivesEachFailure) { fail_each(loads); }
TEST(Loading, OfThePlugInSurvivesEachFailure) { fail_each(loads_plugin); }

}  // namespace
}  // namespace test
