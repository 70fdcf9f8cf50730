// Reference counts: an object goes with its last reference, on whichever thread that is.
#include "core/ref.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace libtensor {
namespace {

struct Probe : RefCounted<Probe> {
  explicit Probe(int* count) : destroyed(count) {}
  virtual ~Probe() = default;
  static void destroy(Probe* probe) {
    ++*probe->destroyed;
    delete probe;
  }
  int* destroyed;
};
struct Derived final : Probe {
  using Probe::Probe;
};

TEST(Ref, LastReferenceDestroys) {
  int destroyed = 0;
  Ref<Probe> first = Ref<Probe>::adopt(new Probe(&destroyed));
  EXPECT_EQ(first->use_count(), 1u);
  Ref<Probe> second = first;
  EXPECT_EQ(first->use_count(), 2u);
  first = nullptr;
  EXPECT_EQ(destroyed, 0);
  second = nullptr;
  EXPECT_EQ(destroyed, 1);
}

TEST(Ref, MoveTakesTheReference) {
  int destroyed = 0;
  Ref<Probe> first = Ref<Probe>::adopt(new Probe(&destroyed));
  Ref<Probe> second = std::move(first);
  EXPECT_FALSE(first);
  EXPECT_EQ(second->use_count(), 1u);
  Ref<Probe>& same = second;
  second = std::move(same);
  EXPECT_EQ(second->use_count(), 1u);
  EXPECT_EQ(destroyed, 0);
}

TEST(Ref, ConvertsToABase) {
  int destroyed = 0;
  {
    Ref<Probe> base = Ref<Derived>::adopt(new Derived(&destroyed));
    EXPECT_EQ(base->use_count(), 1u);
  }
  EXPECT_EQ(destroyed, 1);
}

TEST(Ref, ShareAndDetach) {
  int destroyed = 0;
  Ref<Probe> first = Ref<Probe>::adopt(new Probe(&destroyed));
  Ref<Probe> second = Ref<Probe>::share(first.get());
  EXPECT_EQ(first, second);
  Probe* raw = second.detach();
  EXPECT_EQ(raw->use_count(), 2u);
  raw->release();
  EXPECT_EQ(raw->use_count(), 1u);
  EXPECT_FALSE(Ref<Probe>::share(nullptr));
}

struct Weak : RefCounted<Weak> {
  bool weakly_referenced() const { return true; }
  static void destroy(Weak* weak) { weak->destroyed = true; }  // stays, so that it can be looked at
  bool destroyed = false;
};

TEST(Ref, TryRetainFailsOnceTheCountIsZero) {
  Weak weak;
  EXPECT_TRUE(weak.try_retain());
  weak.release();
  weak.release();
  EXPECT_TRUE(weak.destroyed);
  EXPECT_FALSE(weak.try_retain());
}

TEST(Ref, ThreadsDestroyOnce) {
  for (int round = 0; round < 200; ++round) {
    int destroyed = 0;
    Ref<Probe> ref = Ref<Probe>::adopt(new Probe(&destroyed));
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([copy = ref] {
        for (int n = 0; n < 100; ++n) Ref<Probe> another = copy;
      });
    }
    ref = nullptr;
    for (std::thread& thread : threads) thread.join();
    threads.clear();
    ASSERT_EQ(destroyed, 1);
  }
}

}  // namespace
}  // namespace libtensor
