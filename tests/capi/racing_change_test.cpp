// One thread reads a tensor while another one gives it another shape, memory or history, without
// any order between them: the reader may get wrong numbers or an error, but no memory of others and
// no crash.
#include <atomic>
#include <functional>
#include <thread>

#include "support/tensors.h"

namespace test {
namespace {

// Some of what is refused here is refused for other reasons as well: a shape that does not fit.
using Step = std::function<tensor_status_t()>;
struct Named {
  const char* name;
  Step step;
};

class RacingChanges : public TensorTest {
 protected:
  void SetUp() override {
    TensorTest::SetUp();
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "the race is the program's";
#endif
  }

  // Shapes of rank 8 and less lie in the tensor, others elsewhere.
  static Shape small() { return {1, 1, 1, 1, 1, 1, 2, 3}; }
  static Shape large() { return {1, 1, 1, 1, 1, 1, 40, 50}; }

  template <class F, class... Args>
  static tensor_status_t dropping(F* function, Args... args) {
    Owned result;
    return function(args..., result.out());
  }

  std::vector<Named> readers(tensor_t* x, tensor_t* row) {
    return {
        {"mul", [=] { return dropping(tensor_mul, x, x); }},
        {"sum", [=] { return dropping(tensor_sum, x); }},
        {"clone", [=] { return dropping(tensor_clone, x); }},
        {"select", [=] { return dropping(tensor_select, x, int64_t{0}, int64_t{0}); }},
        {"view of a view", [=] { return dropping(tensor_detach, row); }},
        {"mul of a view", [=] { return dropping(tensor_mul, row, row); }},
        {"to_string",
         [=] {
           std::vector<char> buffer(4000);
           return tensor_to_string(x, buffer.data(), buffer.size(), nullptr);
         }},
        {"shape",
         [=] {
           int64_t sizes[16];
           return tensor_shape(x, sizes, 16, nullptr);
         }},
        {"grad_fn",
         [=] {
           char name[64];
           return tensor_grad_fn_name(x, name, sizeof(name), nullptr);
         }},
        {"cat",
         [=] {
           const std::vector<tensor_t*> list(100, x);
           return dropping(tensor_cat, list.data(), list.size(), nullptr);
         }},
        {"backward",
         [=] {
           Owned product, total;
           const tensor_status_t status = tensor_mul(x, x, product.out());
           if (status != TENSOR_OK || !requires_grad(product)) return status;
           return tensor_sum(product, total.out()) == TENSOR_OK ? tensor_backward(total) : status;
         }},
    };
  }

  std::vector<Named> changers(tensor_t* x, tensor_t* row) {
    const auto data = [=](const Shape& shape) {
      return [shape, x] { return tensor_set_data(x, filled(shape, 1)); };
    };
    return {
        {"unsqueeze_, squeeze_dim_",
         [=] {
           size_t ndim = 0;
           const tensor_status_t status = tensor_ndim(x, &ndim);
           if (status != TENSOR_OK) return status;
           return ndim > 8 ? tensor_squeeze_dim_(x, 0) : tensor_unsqueeze_(x, 0);
         }},
        {"transpose_", [=] { return tensor_transpose_(x, -1, -2); }},
        {"set_data",
         [=] {
           const tensor_status_t status = data(small())();
           return status == TENSOR_OK ? data(large())() : status;
         }},
        {"add_out", without_grad([=, this] {
           const tensor_status_t status = data(small())();
           return status == TENSOR_OK ? tensor_add_out(large_, large_, x) : status;
         })},
        {"mul_, detach_",
         [=, this] {
           const tensor_status_t status = tensor_mul_(x, weight_);
           return status == TENSOR_OK ? tensor_detach_(x) : status;
         }},
        {"mul_ of a view", [=] { return tensor_mul_scalar_(row, number(1)); }},
    };
  }
  static Step without_grad(Step step) {
    return [step] {
      EXPECT_EQ(tensor_grad_enabled_set(false, nullptr), TENSOR_OK);
      const tensor_status_t status = step();
      EXPECT_EQ(tensor_grad_enabled_set(true, nullptr), TENSOR_OK);
      return status;
    };
  }

  void race(size_t reader, size_t changer) {
    const Owned x = call(tensor_mul_scalar, weight_, number(1));
    const Owned row = call(tensor_select, x, -1, 0), same = call(tensor_retain, x);
    const Named reads = readers(x, row)[reader], changes = changers(same, row)[changer];
    SCOPED_TRACE(std::string(reads.name) + " beside " + changes.name);
    std::atomic<bool> done{false};
    std::thread other([&] {
      while (!done) changes.step();
    });
    for (int i = 0; i < repetitions(1000); ++i) reads.step();
    done = true;
    other.join();
    // Both are as usable as they were.
    EXPECT_EQ(changes.step(), TENSOR_OK) << tensor_last_error();
    EXPECT_EQ(tensor_sum(x, Owned().out()), TENSOR_OK) << tensor_last_error();
  }

  Owned weight_ = filled(small(), 1, TENSOR_FLOAT32, /*requires_grad=*/true);
  Owned large_ = filled(large(), 1);
};

TEST_F(RacingChanges, BesideReaders) {
  const size_t reader_count = readers(nullptr, nullptr).size();
  const size_t changer_count = changers(nullptr, nullptr).size();
  for (size_t reader = 0; reader < reader_count; ++reader) {
    for (size_t changer = 0; changer < changer_count; ++changer) race(reader, changer);
  }
}

TEST_F(RacingChanges, BesideEachOther) {
  const size_t count = changers(nullptr, nullptr).size();
  const Owned x = call(tensor_mul_scalar, weight_, number(1));
  const Owned row = call(tensor_select, x, -1, 0);
  for (size_t one = 0; one < count; ++one) {
    for (size_t two = one; two < count; ++two) {
      const auto run = [&](size_t which) {
        const Step step = changers(x, row)[which].step;
        for (int i = 0; i < repetitions(1000); ++i) step();
      };
      std::thread other(run, two);
      run(one);
      other.join();
    }
  }
}

// A storage that grows while another thread reads it through a view keeps what that one reads.
TEST_F(RacingChanges, OfMemoryThatAViewReads) {
  for (int i = 0; i < 20; ++i) {
    const Owned x = filled({1000}, 1), all = view(x, {10, 100}), huge = filled({100'000}, 1);
    std::atomic<bool> begun{false}, done{false};
    std::thread reader([&] {
      while (!done) {
        const Owned total = call(tensor_sum, all);
        EXPECT_EQ(values(total), Values{1000});
        begun = true;
      }
    });
    while (!begun) std::this_thread::yield();
    for (const int64_t size : {2000, 4000, 100'000}) {
      const Owned ones = call(tensor_narrow, huge, 0, 0, size);
      EXPECT_EQ(tensor_mul_out(ones, ones, x), TENSOR_OK) << tensor_last_error();
    }
    done = true;
    reader.join();
  }
}

// Several threads find a view's history out of date at once: none is refused.
TEST_F(RacingChanges, OfAViewsHistoryByReadersAreNone) {
  for (int i = 0; i < repetitions(300); ++i) {
    const Owned x = call(tensor_mul_scalar, weight_, number(1));
    const Owned row = call(tensor_select, x, -1, 0);
    OK(tensor_mul_scalar_(x, number(2)));
    const auto read = [&] {
      for (int n = 0; n < 3; ++n) EXPECT_EQ(grad_fn(call(tensor_mul, row, row)), "MulBackward0");
    };
    std::thread first(read), second(read);
    first.join();
    second.join();
    EXPECT_EQ(grad_fn(row), "AsStridedBackward0");
  }
}

// Hogwild: what threads add to one parameter is lost at times, nothing else.
TEST_F(RacingChanges, OfElementsAloneAreNone) {
  const Owned x = filled({1000}, 1);
  const auto work = [&] {
    for (int i = 0; i < repetitions(2000); ++i) {
      EXPECT_EQ(tensor_add_scalar_(x, number(1)), TENSOR_OK) << tensor_last_error();
      EXPECT_EQ(tensor_sum(x, Owned().out()), TENSOR_OK) << tensor_last_error();
      EXPECT_EQ(tensor_add_out(x, x, x), TENSOR_OK) << tensor_last_error();
    }
  };
  std::thread first(work), second(work);
  work();
  first.join();
  second.join();
}

}  // namespace
}  // namespace test
