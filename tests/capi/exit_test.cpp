// The library serves until the very end: in handlers of exit() that were there before its first use
// and came after it, in destructors of static and of thread-local objects, on the main thread and
// on others. Each process ends with the number that the last of them gives.
#include <gtest/gtest.h>
#include <pthread.h>
#include <tensor/tensor.h>

#include <atomic>
#include <cstdlib>
#include <thread>

namespace {

// A step of training on several threads, a text and a message.
bool works() {
  const int64_t shape[] = {300, 300};
  tensor_options_t options = tensor_options_default();
  options.requires_grad = true;
  tensor_t *x = nullptr, *y = nullptr, *product = nullptr, *sum = nullptr, *none = nullptr;
  char text[100];
  const bool fine =
      tensor_set_num_threads(3) == TENSOR_OK && tensor_ones(shape, 2, &options, &x) == TENSOR_OK &&
      tensor_exp(x, &y) == TENSOR_OK && tensor_matmul(y, y, &product) == TENSOR_OK &&
      tensor_sum(product, &sum) == TENSOR_OK && tensor_backward(sum) == TENSOR_OK &&
      tensor_to_string(sum, text, sizeof text, nullptr) == TENSOR_OK &&
      tensor_exp(nullptr, &none) == TENSOR_ERROR_INVALID_HANDLE && *tensor_last_error() != 0;
  for (tensor_t* t : {x, y, product, sum})
    if (tensor_release(t) != TENSOR_OK) return false;
  return fine;
}

int worked = 0;
void work() { worked += works(); }
[[noreturn]] void end_with_count() { _exit(worked); }

struct WorksAtItsEnd {
  bool alive = true;
  ~WorksAtItsEnd() { work(); }
};
thread_local WorksAtItsEnd at_threads_end;

void on_another_thread(bool uses_it_before) {
  std::thread([&] {
    EXPECT_TRUE(at_threads_end.alive);  // it is there now
    if (uses_it_before) work();
  }).join();
}

void works_in_every_handler(bool uses_it_before) {
  std::atexit(end_with_count);  // the last to run
  std::atexit(work);
  static const WorksAtItsEnd made_before;
  EXPECT_TRUE(at_threads_end.alive);
  if (uses_it_before) work();
  static const WorksAtItsEnd made_after;
  std::atexit(work);
  std::exit(100);
}

TEST(ExitDeathTest, EveryHandlerMayUseTheLibrary) {
  // Two handlers, two static objects, and the main thread's.
  EXPECT_EXIT(works_in_every_handler(true), testing::ExitedWithCode(1 + 5), "");
  EXPECT_EXIT(works_in_every_handler(false), testing::ExitedWithCode(5), "");
}

// Other threads, in loops, and the library's own are still at work then.
TEST(ExitDeathTest, MayComeWhileThreadsWork) {
  const auto exit_meanwhile = [] {
    static std::atomic<int> loops{0};
    for (int i = 0; i < 2; ++i) {
      std::thread([] {
        while (works()) ++loops;
      }).detach();
    }
    while (loops < 10) std::this_thread::yield();
    works_in_every_handler(true);
  };
  for (int i = 0; i < 10; ++i) EXPECT_EXIT(exit_meanwhile(), testing::ExitedWithCode(1 + 5), "");
}

TEST(Exit, AThreadsDestructorsMayUseTheLibrary) {
  for (bool uses_it_before : {false, true}) {
    worked = 0;
    on_another_thread(uses_it_before);
    EXPECT_EQ(worked, 1 + uses_it_before);
  }
  EXPECT_EQ(tensor_live_handles(), 0u);
}

// Destructors of a thread's keys run after those of its objects, in rounds: also after the
// library's own.
TEST(Exit, DestructorsOfKeysMayUseTheLibrary) {
  worked = 0;
  static pthread_key_t key;
  static int rounds = 0;
  ASSERT_EQ(pthread_key_create(&key,
                               [](void* value) {
                                 work();
                                 if (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS)
                                   pthread_setspecific(key, value);
                               }),
            0);
  std::thread([] { pthread_setspecific(key, &key); }).join();
  EXPECT_EQ(worked, rounds);
  EXPECT_GT(rounds, 1);
  EXPECT_EQ(tensor_live_handles(), 0u);
  pthread_key_delete(key);
}

// What a thread leaves behind is destroyed with it, and calls back when part of what the library
// had for the thread is gone: here the message, which came after the hooks.
TEST(Exit, WhatAThreadLeavesMayUseTheLibrary) {
  worked = 0;
  std::thread([] {
    const auto pack = [](void*, tensor_t*, void**) -> tensor_status_t { return TENSOR_OK; };
    const auto unpack = [](void*, void*, tensor_t**) -> tensor_status_t { return TENSOR_OK; };
    EXPECT_EQ(
        tensor_saved_tensors_hooks_push(pack, unpack, nullptr, nullptr, [](void*) { work(); }),
        TENSOR_OK);
    EXPECT_EQ(tensor_release(reinterpret_cast<tensor_t*>(3)), TENSOR_ERROR_INVALID_HANDLE);
  }).join();
  EXPECT_EQ(worked, 1);
  EXPECT_EQ(tensor_live_handles(), 0u);
}

}  // namespace
