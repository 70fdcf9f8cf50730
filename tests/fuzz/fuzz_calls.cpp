// Calls the library at random:
//
//   fuzz_calls [--seed S] [--calls N] [--threads T] [--device cuda] [--thorough] [--episode E]
//   [--list]
//
// runs sequences of calls until N are made, in a process of its own. Where something is wrong, be
// it that the process ends, it prints what, and the calls that are needed for it. --episode runs
// one sequence only, --thorough looks at every tensor after every call, --list prints the
// functions.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>

#include "fuzz/episode.h"
#include "support/device.h"

namespace test {
namespace {

constexpr char kHang[] = "a call does not return";

struct Options {
  uint64_t seed = 1, calls = 100'000, first = 0;
  size_t threads = 1;
  bool one = false, list = false;
  Settings settings;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--thorough") {
      options.settings.thorough = true;
    } else if (name == "--trace") {
      options.settings.trace = true;
    } else if (name == "--list") {
      options.list = true;
    } else if (i + 1 == argc) {
      std::fprintf(stderr, "fuzz_calls: %s needs a value, or is no option\n", argv[i]);
      std::exit(2);
    } else if (name == "--device") {
      setenv("LIBTENSOR_TEST_DEVICE", argv[++i], 1);
    } else {
      const uint64_t value = std::strtoull(argv[++i], nullptr, 10);
      if (name == "--seed") options.seed = value;
      if (name == "--calls") options.calls = value;
      if (name == "--threads") options.threads = value;
      if (name == "--first") options.first = value;
      if (name == "--episode") options.first = value, options.one = true;
    }
  }
  options.settings.alone = options.threads == 1;
  return options;
}

[[noreturn]] void end_hang(int) { _exit(3); }

// Of the processor, not of the clock: a busy machine is no fault.
void limit_time() {
  std::signal(SIGPROF, end_hang);
  const char* const asked = std::getenv("FUZZ_SECONDS");
  const itimerval limit = {{0, 0}, {asked ? std::atoi(asked) : 120, 0}};
  setitimer(ITIMER_PROF, &limit, nullptr);
}

// More than a sequence needs: a fault must not take the machine's memory.
// The emulated devices take a range of addresses that is larger.
void limit_memory_of_the_process() {
  if (std::getenv("LIBTENSOR_TEST_DEVICE")) return;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const rlimit limit = {rlim_t{4} << 30, rlim_t{4} << 30};
  setrlimit(RLIMIT_AS, &limit);
#endif
}

bool run_one(const Options& options, uint64_t episode, Progress& progress) {
  limit_time();
  return options.threads == 1
             ? run_episode(options.settings, options.seed, episode, progress)
             : run_threads(options.settings, options.seed, episode, options.threads, progress);
}

// Runs in a process of its own; "" where nothing was wrong, else what.
std::string in_child(Progress& progress, bool quiet, const std::function<bool()>& body) {
  progress.failure[0] = 0;
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    limit_memory_of_the_process();
    if (quiet) {
      const int nowhere = open("/dev/null", O_WRONLY);
      dup2(nowhere, 2);
    }
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return std::string("signal: ") + strsignal(WTERMSIG(status));
  if (WEXITSTATUS(status) == 0) return "";
  if (progress.failure[0]) return progress.failure;
  return WEXITSTATUS(status) == 3 ? kHang : "exit status " + std::to_string(WEXITSTATUS(status));
}

// What went wrong, without the numbers of this case.
std::string kind_of(const std::string& failure) {
  const size_t first = failure.find(": ");
  const size_t second = first == std::string::npos ? first : failure.find(": ", first + 2);
  return failure.substr(0, second);
}

// Leaves calls out of the sequence as long as it fails alike.
std::string shrink(Options options, Progress& progress, const std::string& failure) {
  const uint64_t episode = progress.episode;
  const size_t last = progress.position;
  options.settings.thorough = true;
  std::string found = failure;
  const auto fails_without = [&](size_t from, size_t to) {
    bool before[kLength];
    std::copy(std::begin(progress.left_out), std::end(progress.left_out), before);
    std::fill(progress.left_out + from, progress.left_out + to, true);
    const std::string now =
        in_child(progress, true, [&] { return run_one(options, episode, progress); });
    if (!now.empty() && (kind_of(now) == kind_of(found))) return found = now, true;
    std::copy(before, before + kLength, progress.left_out);
    return false;
  };
  // Looked at after every call, it may be seen earlier, as another's fault.
  const std::string thorough =
      in_child(progress, true, [&] { return run_one(options, episode, progress); });
  if (!thorough.empty()) found = thorough;
  fails_without(std::min(last + 1, kLength), kLength);
  // Each try of a call that does not return takes all the time it may.
  const size_t largest = found == kHang ? 0 : kLength / 2;
  for (size_t size = largest; size > 0; size /= 2) {
    for (size_t from = 0; from < kLength; from += size) {
      const size_t to = std::min(from + size, kLength);
      if (!std::all_of(progress.left_out + from, progress.left_out + to,
                       [](bool b) { return b; })) {
        fails_without(from, to);
      }
    }
  }
  options.settings.trace = true;
  std::fprintf(stderr, "The calls that are needed:\n");
  in_child(progress, false, [&] { return run_one(options, episode, progress); });
  return found;
}

int run(const Options& options) {
  void* const memory =
      mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  Progress& progress = *new (memory) Progress;
  const std::string failure = in_child(progress, false, [&] {
    Options mine = options;
    mine.settings.device = device();
    for (uint64_t episode = options.first; progress.called < options.calls; ++episode) {
      if (!run_one(mine, episode, progress)) return false;
      if (options.one) break;
    }
    return true;
  });
  std::printf("%llu calls, %llu of them successful, seed %llu\n",
              static_cast<unsigned long long>(progress.called),
              static_cast<unsigned long long>(progress.succeeded),
              static_cast<unsigned long long>(options.seed));
  if (failure.empty()) return 0;
  const uint64_t episode = progress.episode;
  std::printf("FAILED in sequence %llu, call %llu: %s\n", static_cast<unsigned long long>(episode),
              static_cast<unsigned long long>(progress.position), failure.c_str());
  std::fflush(stdout);
  if (options.threads == 1) {
    const std::string shrunk = shrink(options, progress, failure);
    std::printf("Shrunk to: %s\n", shrunk.c_str());
  }
  std::printf("Again: fuzz_calls --seed %llu --episode %llu\n",
              static_cast<unsigned long long>(options.seed),
              static_cast<unsigned long long>(episode));
  return 1;
}

}  // namespace
}  // namespace test

int main(int argc, char** argv) {
  const test::Options options = test::parse(argc, argv);
  if (!options.list) return test::run(options);
  for (const test::Row& row : test::call_table) std::puts(row.name);
}
