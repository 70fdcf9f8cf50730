// Two copies of the library in one process, and unloading: with dlopen alone, nothing is linked.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <tensor/tensor.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

namespace {

// A copy of the library, loaded. Each number is one file for the whole process.
class Copy {
 public:
  explicit Copy(int number) : path_(folder() / ("libtensor_" + std::to_string(number) + ".so")) {
    if (!std::filesystem::exists(path_)) std::filesystem::copy_file(LIBTENSOR_FILE, path_);
    open();
  }
  ~Copy() { close(); }
  void open() {
    library_ = dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library_) throw std::runtime_error(dlerror());
  }
  void close() {
    if (library_) dlclose(std::exchange(library_, nullptr));
  }
  bool is_loaded() const {
    void* const again = dlopen(path_.c_str(), RTLD_NOW | RTLD_NOLOAD);
    if (again) dlclose(again);
    return again != nullptr;
  }
  template <class F>
  F* function(const char* name, F*) const {
    return reinterpret_cast<F*>(dlsym(library_, name));
  }

 private:
  // Removed with all copies when the process ends.
  static const std::filesystem::path& folder() {
    struct Folder {
      std::filesystem::path path =
          std::filesystem::temp_directory_path() / ("libtensor_copies_" + std::to_string(getpid()));
      Folder() { std::filesystem::create_directories(path); }
      ~Folder() { std::filesystem::remove_all(path); }
    };
    static Folder folder;
    return folder.path;
  }

  std::filesystem::path path_;
  void* library_ = nullptr;
};
#define FROM(copy, name) (copy).function(#name, static_cast<decltype(&name)>(nullptr))

tensor_t* ones(const Copy& copy, int64_t n) {
  tensor_t* t = nullptr;
  EXPECT_EQ(FROM(copy, tensor_ones)(&n, 1, nullptr, &t), TENSOR_OK);
  return t;
}

// The sum of n + n ones, on all threads.
double twice_sum(const Copy& copy, int64_t n) {
  tensor_t *a = ones(copy, n), *b = nullptr, *sum = nullptr;
  tensor_scalar_t result = {};
  EXPECT_EQ(FROM(copy, tensor_add)(a, a, &b), TENSOR_OK);
  EXPECT_EQ(FROM(copy, tensor_sum)(b, &sum), TENSOR_OK);
  EXPECT_EQ(FROM(copy, tensor_item)(sum, &result), TENSOR_OK);
  for (tensor_t* t : {a, b, sum}) EXPECT_EQ(FROM(copy, tensor_release)(t), TENSOR_OK);
  return result.value.float64;
}

TEST(Copies, LiveSideBySide) {
  const Copy a(1), b(2);
  ASSERT_NE(FROM(a, tensor_add), FROM(b, tensor_add));
  EXPECT_EQ(twice_sum(a, 1 << 21), 1 << 22);
  EXPECT_EQ(twice_sum(b, 1 << 21), 1 << 22);
  EXPECT_EQ(FROM(a, tensor_live_handles)(), 0u);
}

TEST(Copies, RefuseEachOthersHandles) {
  const Copy a(1), b(2);
  int refused = 0;
  for (int i = 0; i < 100; ++i) {
    tensor_t *of_a = ones(a, 2), *of_b = ones(b, 2);
    int64_t numel = 0;
    refused += FROM(b, tensor_numel)(of_a, &numel) == TENSOR_ERROR_INVALID_HANDLE;
    refused += FROM(a, tensor_release)(of_b) == TENSOR_ERROR_INVALID_HANDLE;
    EXPECT_EQ(FROM(a, tensor_release)(of_a), TENSOR_OK);
    EXPECT_EQ(FROM(b, tensor_release)(of_b), TENSOR_OK);
  }
  EXPECT_EQ(refused, 200);
}

TEST(Copies, KeepTheirOwnSettings) {
  const Copy a(1), b(2);
  const int32_t before = FROM(b, tensor_get_num_threads)();
  FROM(a, tensor_set_num_threads)(before + 3);
  EXPECT_EQ(FROM(b, tensor_get_num_threads)(), before);
  bool enabled = false;
  FROM(a, tensor_grad_enabled_set)(false, nullptr);
  FROM(b, tensor_grad_enabled)(&enabled);
  EXPECT_TRUE(enabled);
}

TEST(Unload, AfterParallelUseAgainAndAgain) {
  Copy copy(3);
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(twice_sum(copy, 1 << 20), 1 << 21);
    copy.close();
    copy.open();
  }
}

TEST(Unload, AfterUseOnOtherThreadsOnly) {
  Copy copy(3);
  for (int i = 0; i < 50; ++i) {
    std::thread([&] { EXPECT_EQ(twice_sum(copy, 1 << 18), 1 << 19); }).join();
    copy.close();
    copy.open();
  }
}

TEST(Unload, WhileAThreadThatUsedItLives) {
  // The thread ends after the library is gone: what it left there must not be run then.
  Copy copy(3);
  std::atomic<int> stage{0};
  std::thread user([&] {
    EXPECT_EQ(twice_sum(copy, 1000), 2000);
    stage = 1;
    while (stage != 2) std::this_thread::yield();
  });
  while (stage != 1) std::this_thread::yield();
  copy.close();
  stage = 2;
  user.join();
}

TEST(Unload, WithHandlesStillOpen) {
#ifdef __SANITIZE_ADDRESS__
  const __lsan::ScopedDisabler these_are_lost;
#endif
  Copy copy(3);
  for (int i = 0; i < 20; ++i) {
    ones(copy, 1000);
    copy.close();
    copy.open();
  }
}

// What the process has in memory, in bytes.
int64_t resident() {
  int64_t all = 0, pages = 0;
  std::ifstream("/proc/self/statm") >> all >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

// On the main thread, and on others that live on: at the end nothing is left of the library.
TEST(Unload, GivesEverythingBack) {
  constexpr int kCycles = 1000, kWarm = 100, kThreads = 3, kSize = 100'000;
  Copy copy(4);
  std::barrier opened(kThreads + 1), used(kThreads + 1);
  bool done = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (;;) {
        opened.arrive_and_wait();
        if (done) return;
        EXPECT_EQ(twice_sum(copy, kSize), 2 * kSize);
        used.arrive_and_wait();
      }
    });
  }
  [[maybe_unused]] int64_t before = 0;
  for (int i = 0; i < kCycles && !testing::Test::HasFailure(); ++i) {
    if (i == kWarm) before = resident();
    EXPECT_EQ(FROM(copy, tensor_set_num_threads)(kThreads + 2), TENSOR_OK);
    opened.arrive_and_wait();
    EXPECT_EQ(twice_sum(copy, kSize), 2 * kSize);
    used.arrive_and_wait();
    copy.close();
    EXPECT_FALSE(copy.is_loaded()) << "cycle " << i;
    copy.open();
  }
  done = true;
  opened.arrive_and_wait();
  for (std::thread& thread : threads) thread.join();
#if !defined(__SANITIZE_ADDRESS__)  // keeps freed memory for a while
  EXPECT_LT(resident() - before, 4 << 20);
#endif
}

int64_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

// Of those that are asleep, have just been at work, or have yet to begin.
TEST(Unload, LeavesNoThread) {
  Copy copy(3);
  const int64_t before = threads_of_this_process();
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(FROM(copy, tensor_set_num_threads)(4), TENSOR_OK);
    const int loops = i % 10;
    for (int loop = 0; loop < loops; ++loop) ASSERT_EQ(twice_sum(copy, 1 << 18), 1 << 19);
    EXPECT_EQ(threads_of_this_process(), before + (loops > 0 ? 3 : 0));
    if (i % 3 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    copy.close();
    // The system may count one for a moment that has been joined.
    while (threads_of_this_process() != before) std::this_thread::yield();
    copy.open();
  }
}

TEST(Unload, ThenForkAndExit) {
  Copy copy(3);
  twice_sum(copy, 1 << 21);
  copy.close();
  EXPECT_EXIT(std::_Exit(0), testing::ExitedWithCode(0), "");
}

// Handlers that were there before the library was loaded run when its own static objects, had it
// any with an end, are gone.
Copy* used_at_exit = nullptr;
void use_at_exit() { _exit(twice_sum(*used_at_exit, 5000) == 10000 ? 42 : 43); }
TEST(LoadedDeathTest, ServesHandlersFromBeforeItsLoading) {
  const auto use = [] {
    std::atexit(use_at_exit);
    used_at_exit = new Copy(4);
    twice_sum(*used_at_exit, 5000);
    std::exit(0);
  };
  EXPECT_EXIT(use(), testing::ExitedWithCode(42), "");
}

TEST(ManyCopies, FitIntoAProcess) {
  // Thread-local memory for libraries loaded late is scarce, and other libraries want some too.
  std::vector<std::unique_ptr<Copy>> copies;
  for (int i = 10; i < 24; ++i) copies.push_back(std::make_unique<Copy>(i));
  for (const auto& copy : copies) EXPECT_EQ(twice_sum(*copy, 10), 20);
}

}  // namespace
