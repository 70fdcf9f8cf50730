// Tensors over the caller's memory: shared, and given back exactly once.
#include <climits>
#include <thread>

#include "support/refusal.h"

namespace test {
namespace {

class FromBlob : public TensorTest {};

// Memory that counts how often it is given back.
struct Blob {
  alignas(16) float data[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  int destroyed = 0;

  static void destroy(void* user) { ++static_cast<Blob*>(user)->destroyed; }
  Owned tensor(const Shape& shape, const int64_t* strides = nullptr,
               const tensor_options_t* options = nullptr) {
    return call(tensor_from_blob, data, shape.data(), strides, shape.size(), options, destroy,
                this);
  }
};

TEST_F(FromBlob, SharesTheMemory) {
  Blob blob;
  const Owned t = blob.tensor({2, 4});
  blob.data[1] = 50;
  EXPECT_EQ(values(t)[1], 50);
  OK(tensor_add_scalar_(t, number(1)));
  EXPECT_EQ(blob.data[1], 51);
  void* data = nullptr;
  OK(tensor_data(t, &data));
  EXPECT_EQ(data, blob.data);
}

TEST_F(FromBlob, TakesAnyStrides) {
  Blob blob;
  const int64_t transposed[] = {1, 4}, repeated[] = {0, 1};
  expect_values(blob.tensor({4, 2}, transposed), {0, 4, 1, 5, 2, 6, 3, 7});
  expect_values(blob.tensor({2, 3}, repeated), {0, 1, 2, 0, 1, 2});
}

TEST_F(FromBlob, DestroysOnceWithTheLastHandle) {
  Blob blob;
  Owned t = blob.tensor({8}), again = call(tensor_retain, t);
  t.release();
  EXPECT_EQ(blob.destroyed, 0);
  again.release();
  EXPECT_EQ(blob.destroyed, 1);
}

TEST_F(FromBlob, LivesAsLongAsAView) {
  Blob blob;
  Owned t = blob.tensor({8}), part = call(tensor_slice, t, 0, 2, 8, 2);
  Owned row = call(tensor_select, part, 0, 1);
  t.release();
  part.release();
  EXPECT_EQ(blob.destroyed, 0);
  EXPECT_EQ(value(row), 4);
  row.release();
  EXPECT_EQ(blob.destroyed, 1);
}

TEST_F(FromBlob, LivesAsLongAsTheGraphThatSavedIt) {
  Blob blob;
  Owned t = blob.tensor({8});
  const Owned x = filled({8}, 1, TENSOR_FLOAT32, true);
  Owned product = call(tensor_mul, x, t), loss = call(tensor_sum, product);
  t.release();
  product.release();
  EXPECT_EQ(blob.destroyed, 0);
  OK(tensor_backward(loss));
  EXPECT_EQ(blob.destroyed, 1) << "backward frees what was saved";
  expect_values(grad(x), {0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_F(FromBlob, AsALeafIsKeptByItsGraph) {
  Blob blob;
  const tensor_options_t settings = options(TENSOR_FLOAT32, true);
  Owned t = blob.tensor({8}, nullptr, &settings);
  Owned loss = call(tensor_sum, t);
  t.release();
  EXPECT_EQ(blob.destroyed, 0);
  loss.release();
  EXPECT_EQ(blob.destroyed, 1);
}

TEST_F(FromBlob, WithoutDestroyIsJustLeft) {
  float data[2] = {1, 2};
  const int64_t sizes[] = {2};
  Owned t = call(tensor_from_blob, data, sizes, nullptr, 1, nullptr, nullptr, nullptr);
  t.release();
  EXPECT_EQ(data[1], 2);
}

TEST_F(FromBlob, IsDestroyedOnTheThreadThatDropsIt) {
  struct Seen {
    std::thread::id thread;
  } seen;
  float data[1] = {1};
  const int64_t sizes[] = {1};
  const auto destroy = [](void* user) {
    static_cast<Seen*>(user)->thread = std::this_thread::get_id();
  };
  Owned t = call(tensor_from_blob, data, sizes, nullptr, 1, nullptr, destroy, &seen);
  std::thread other([&] { t.release(); });
  const std::thread::id expected = other.get_id();
  other.join();
  EXPECT_EQ(seen.thread, expected);
}

TEST_F(FromBlob, DestroyMayCallTheLibrary) {
  static tensor_t* other;
  other = filled({3}, 1).give();
  float data[1] = {1};
  const int64_t sizes[] = {1};
  const auto destroy = [](void*) {
    const Owned sum = call(tensor_add, other, other);
    expect_values(sum, {2, 2, 2});
    EXPECT_EQ(tensor_release(other), TENSOR_OK);
  };
  Owned t = call(tensor_from_blob, data, sizes, nullptr, 1, nullptr, destroy, nullptr);
  t.release();
}

TEST_F(FromBlob, DestroyMayRunBackwardFromWithinBackward) {
  // The last use of the memory is what a graph saved, so destroy runs while a pass frees its nodes.
  static tensor_t* other;
  other = call(tensor_sum, leaf({1, 2})).give();
  float data[2] = {1, 2};
  const int64_t sizes[] = {2};
  const auto destroy = [](void*) {
    EXPECT_EQ(tensor_backward(other), TENSOR_OK) << tensor_last_error();
    EXPECT_EQ(tensor_release(other), TENSOR_OK);
    other = nullptr;
  };
  Owned t = call(tensor_from_blob, data, sizes, nullptr, 1, nullptr, destroy, nullptr);
  const Owned x = filled({2}, 1, TENSOR_FLOAT32, true);
  const Owned loss = call(tensor_sum, call(tensor_mul, x, t));
  t.release();
  OK(tensor_backward(loss));
  EXPECT_EQ(other, nullptr);
  expect_values(grad(x), {1, 2});
}

struct Bad {
  const char* message;
  void* data;
  Shape shape;
  std::vector<int64_t> strides;
  tensor_dtype_t dtype = TENSOR_FLOAT32;
  bool requires_grad = false;
};

TEST_F(FromBlob, RefusedKeepsTheMemoryTheCallers) {
  Blob blob;
  auto* bytes = reinterpret_cast<char*>(blob.data);
  const int64_t huge = INT64_C(1) << 62;
  const Bad cases[] = {
      {"data must not be NULL", nullptr, {2}, {}},
      {"data must be aligned to the size of an element, 4 bytes", bytes + 1, {1}, {}},
      {"data must be aligned to the size of an element, 8 bytes",
       bytes + 4,
       {1},
       {},
       TENSOR_FLOAT64},
      {"strides must not be negative, got -1 for dim 0", bytes, {2}, {-1}},
      {"Trying to create tensor with negative dimension -2: [-2]", bytes, {-2}, {}},
      {"Storage size calculation overflowed with sizes=[4611686018427387904, 4]",
       bytes,
       {huge, 4},
       {}},
      {"Storage size calculation overflowed with sizes=[3] and strides=[4611686018427387904]",
       bytes,
       {3},
       {huge}},
      {"Storage size calculation overflowed with sizes=[2] and strides=[9223372036854775807]",
       bytes,
       {2},
       {INT64_MAX},
       TENSOR_UINT8},
      {"Storage size calculation overflowed with sizes=[2, 2] and strides=[9223372036854775807, 1]",
       bytes,
       {2, 2},
       {INT64_MAX, 1},
       TENSOR_UINT8},
      {"options.dtype has the unknown dtype 99", bytes, {1}, {}, 99},
      {"Only Tensors of floating point and complex dtype can require gradients",
       bytes,
       {1},
       {},
       TENSOR_INT8,
       true},
  };
  for (const Bad& bad : cases) {
    SCOPED_TRACE(bad.message);
    const tensor_options_t settings = options(bad.dtype, bad.requires_grad);
    expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT, bad.message}, {}, [&](tensor_t** out) {
      return tensor_from_blob(bad.data, bad.shape.data(),
                              bad.strides.empty() ? nullptr : bad.strides.data(), bad.shape.size(),
                              &settings, Blob::destroy, &blob, out);
    });
    EXPECT_EQ(blob.destroyed, 0);
  }
  const int64_t sizes[] = {2};
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] {
    return tensor_from_blob(blob.data, sizes, nullptr, 1, nullptr, Blob::destroy, &blob, nullptr);
  });
  EXPECT_EQ(blob.destroyed, 0);
}

TEST_F(FromBlob, OnADeviceThatIsNotThereIsRefused) {
  if (tensor_cuda_is_available()) GTEST_SKIP();
  Blob blob;
  tensor_options_t settings = tensor_options_default();
  settings.device = {TENSOR_CUDA, 0};
  const int64_t sizes[] = {2};
  tensor_t* out = unwritten();
  expect_status(TENSOR_ERROR_UNAVAILABLE, [&] {
    return tensor_from_blob(blob.data, sizes, nullptr, 1, &settings, Blob::destroy, &blob, &out);
  });
  EXPECT_EQ(out, unwritten());
  EXPECT_EQ(blob.destroyed, 0);
}

TEST_F(FromBlob, TakesNullForNoElements) {
  int destroyed = 0;
  const int64_t sizes[] = {0, 5};
  Owned t = call(
      tensor_from_blob, nullptr, sizes, nullptr, 2, nullptr,
      [](void* user) { ++*static_cast<int*>(user); }, &destroyed);
  EXPECT_EQ(numel(t), 0);
  t.release();
  EXPECT_EQ(destroyed, 1);
}

TEST_F(FromBlob, CannotGrowAsAnOutArgument) {
  Blob blob;
  Owned out = blob.tensor({2});
  const Owned a = filled({8}, 1);
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "Trying to resize storage that is not resizable"},
                 {out, a}, [&] { return tensor_add_out(a, a, out); });
  out.release();
  EXPECT_EQ(blob.destroyed, 1);
}

}  // namespace
}  // namespace test
