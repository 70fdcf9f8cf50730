// Tries in which each allocation fails in its turn, each in a process of its own.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <string>

#include "failures/failing_malloc.h"

namespace test {

// What became of a try; kNothingFailed: there were fewer allocations.
enum Outcome { kFine = 0, kWrong = 1, kNothingFailed = 2 };

// What became of a child that ran `body`: empty, and its outcome, or what went wrong.
inline std::string outcome_of(const std::function<Outcome()>& body, Outcome* outcome) {
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

// Each allocation fails in its turn, alone and with all later ones, until none is left.
inline void fail_each(int64_t at_least,
                      const std::function<Outcome(int64_t number, Fails which)>& body) {
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
  EXPECT_GE(failures, at_least);
}

}  // namespace test
