// Runs code on a thread whose stack is small, to show that depth of a graph costs no stack.
#pragma once

#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>

namespace test {

inline void on_small_stack(size_t bytes, std::function<void()> body) {
#if defined(__SANITIZE_ADDRESS__)
  bytes *= 4;  // its frames are larger
#endif
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, bytes), 0);
  pthread_t thread;
  const auto start = [](void* argument) -> void* {
    (*static_cast<std::function<void()>*>(argument))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, start, &body), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

}  // namespace test
