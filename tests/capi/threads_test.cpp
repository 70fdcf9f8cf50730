// Handles of every kind, made on one thread and used and released on others, while the library's
// settings are read and changed.
#include <atomic>
#include <mutex>
#include <thread>

#include "support/callbacks.h"
#include "support/gradients.h"

namespace test {
namespace {

constexpr int kThreads = 4;

class HandlesOnThreads : public TensorTest {};

void on_threads(const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

// Where threads leave what others take.
template <class T>
class Exchange {
 public:
  // Puts one in and takes any one out, once there are enough.
  T swap(T given) {
    std::lock_guard lock(mutex_);
    held_.push_back(std::move(given));
    std::swap(held_[next_++ % held_.size()], held_.back());
    T taken;
    if (held_.size() > kThreads) {
      taken = std::move(held_.back());
      held_.pop_back();
    }
    return taken;
  }
  void clear() { held_.clear(); }

 private:
  std::mutex mutex_;
  size_t next_ = 0;
  std::vector<T> held_;
};

TEST_F(HandlesOnThreads, GraphsEndWhereTheirLastHandleIsReleased) {
  Exchange<Owned> exchange;
  on_threads([&](int thread) {
    for (int i = 0; i < 500; ++i) {
      const Owned x = leaf(Values(20, thread + 1.0));
      Owned y = call(tensor_mul, x, x);
      for (int n = 0; n < 5; ++n) y = call(tensor_add, y, x);
      const Owned taken = exchange.swap(std::move(y));
      if (taken && i % 2) {
        EXPECT_EQ(tensor_backward(call(tensor_sum, taken)), TENSOR_OK) << tensor_last_error();
      }
    }
  });
}

TEST_F(HandlesOnThreads, ViewsOutliveTheirBaseElsewhere) {
  Exchange<Owned> exchange;
  on_threads([&](int thread) {
    for (int i = 0; i < 500; ++i) {
      const Owned base = filled({300, 4}, thread, TENSOR_FLOAT32);
      const Owned row = exchange.swap(call(tensor_select, base, 0, i % 300));
      if (row) {
        EXPECT_EQ(numel(row), 4);
        EXPECT_EQ(tensor_add_scalar_(row, number(1)), TENSOR_OK);
      }
    }
  });
}

TEST_F(HandlesOnThreads, NodesAndHooksGoFromThreadToThread) {
  Exchange<OwnedNode> nodes;
  Exchange<OwnedHook> hooks;
  std::atomic<int> made{0}, destroyed{0};
  struct Counted {
    static tensor_status_t run(void*, tensor_t**) { return TENSOR_OK; }
    static void destroy(void* count) { ++*static_cast<std::atomic<int>*>(count); }
  };
  on_threads([&](int) {
    for (int i = 0; i < 500; ++i) {
      const Owned x = leaf({1, 2}), y = call(tensor_exp, x);
      OwnedHook own;
      EXPECT_EQ(tensor_register_hook(y, Counted::run, &destroyed, Counted::destroy, own.out()),
                TENSOR_OK);
      ++made;
      const OwnedHook hook = hooks.swap(std::move(own));
      if (hook && i % 3) {
        EXPECT_EQ(tensor_hook_remove(hook), TENSOR_OK);
      }
      const OwnedNode node = nodes.swap(grad_fn_node(y));
      if (node) {
        char name[32];
        EXPECT_EQ(tensor_node_name(node, name, sizeof name, nullptr), TENSOR_OK);
        EXPECT_STREQ(name, "ExpBackward0");
      }
    }
  });
  nodes.clear();
  hooks.clear();
  EXPECT_EQ(made, kThreads * 500);
  EXPECT_EQ(destroyed, made);
}

TEST_F(HandlesOnThreads, ScopesBelongToTheirThread) {
  on_threads([&](int thread) {
    for (int round = 0; round < 200; ++round) {
      ASSERT_EQ(tensor_scope_push(), TENSOR_OK);
      tensor_t* kept = nullptr;
      for (int n = 0; n < 10; ++n) kept = filled({2}, thread).give();
      ASSERT_EQ(tensor_scope_pop(&kept, 1), TENSOR_OK);
      const Owned owned(kept);
      expect_values(owned, Values(2, thread));
    }
  });
}

TEST_F(HandlesOnThreads, SettingsAreReadAndChanged) {
  const int32_t threads = tensor_get_num_threads();
  on_threads([&](int thread) {
    for (int i = 0; i < 200; ++i) {
      EXPECT_GE(tensor_get_num_threads(), 1);
      EXPECT_EQ(tensor_set_num_threads(threads), TENSOR_OK);
      const size_t live = tensor_live_handles();
      EXPECT_LT(live, 1000u);
      EXPECT_EQ(tensor_manual_seed(static_cast<uint64_t>(thread)), TENSOR_OK);
      const int64_t size = 8;
      call(tensor_randn, &size, size_t{1}, nullptr);
      uint64_t seed = 0;
      EXPECT_EQ(tensor_initial_seed(&seed), TENSOR_OK);
      EXPECT_LT(seed, uint64_t{kThreads});
      const Owned state = call(tensor_get_rng_state);
      EXPECT_EQ(tensor_set_rng_state(state), TENSOR_OK);
      tensor_memory_stats_t stats{};
      stats.struct_size = sizeof stats;
      EXPECT_EQ(tensor_memory_stats({TENSOR_CPU, 0}, &stats), TENSOR_OK);
      if (i % 50 == 0) {
        EXPECT_EQ(tensor_memory_empty_cache({TENSOR_CPU, 0}), TENSOR_OK);
      }
      int64_t out = 0;
      EXPECT_EQ(tensor_numel(nullptr, &out), TENSOR_ERROR_INVALID_HANDLE);
      EXPECT_STREQ(tensor_last_error(), "t must not be NULL");
    }
  });
}

// Several threads read tensors that one of them made, and change others that they share through
// their storage's version only.
TEST_F(HandlesOnThreads, ReadOneTensorAtOnce) {
  const Owned x = leaf(Values(1000, 2.0)), y = call(tensor_mul, x, x);
  on_threads([&](int) {
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(value(call(tensor_sum, y)), 4000);
      EXPECT_EQ(grad_fn(y), "MulBackward0");
      EXPECT_EQ(shape(call(tensor_detach, y)), Shape{1000});
      Owned again = call(tensor_retain, y);
      EXPECT_TRUE(is_same(again, y));
    }
  });
}

}  // namespace
}  // namespace test
