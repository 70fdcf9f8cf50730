// Memory shared by views: where it lies, who gives it back, and how it grows.
#include "core/storage.h"

#include <gtest/gtest.h>

#include <cstring>

#include "core/error.h"
#include "core/tensor.h"

namespace libtensor {
namespace {

bool lies_inside(const Storage& storage) {
  const auto* data = static_cast<const char*>(storage.data());
  const auto* self = reinterpret_cast<const char*>(&storage);
  return data >= self && data < self + sizeof(Storage);
}

TEST(Storage, SmallMemoryLiesInTheObject) {
  EXPECT_TRUE(lies_inside(*Storage::allocate(0, Device{})));
  EXPECT_TRUE(lies_inside(*Storage::allocate(8, Device{})));
  EXPECT_FALSE(lies_inside(*Storage::allocate(4096, Device{})));
}

TEST(Storage, MemoryIsAlignedAndWritable) {
  for (size_t bytes : {1u, 8u, 63u, 64u, 65u, 1000u, 1u << 20}) {
    const Ref<Storage> storage = Storage::allocate(bytes, Device{});
    EXPECT_EQ(storage->bytes(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(storage->data()) % 16, 0u);
    std::memset(storage->data(), 0xff, bytes);
  }
}

TEST(Storage, SharedMemoryIsGivenBackOnce) {
  int given_back = 0;
  char memory[100];
  {
    Ref<Storage> first = Storage::share(memory, sizeof(memory), Device{});
    first->set_deleter([](void* context) { ++*static_cast<int*>(context); }, &given_back);
    EXPECT_EQ(first->data(), memory);
    Ref<Storage> second = first;
    first = nullptr;
    EXPECT_EQ(given_back, 0);
  }
  EXPECT_EQ(given_back, 1);
}

TEST(Storage, SharedMemoryCannotBeResized) {
  char memory[8];
  const Ref<Storage> storage = Storage::share(memory, sizeof(memory), Device{});
  EXPECT_THROW(storage->grown(100), Error);
  EXPECT_EQ(storage->data(), memory);
  EXPECT_EQ(storage->bytes(), sizeof(memory));
}

TEST(Storage, ResizeKeepsTheFirstBytes) {
  for (size_t before : {0u, 1u, 64u, 65u, 5000u}) {
    for (size_t after : {0u, 1u, 64u, 65u, 5000u, 100'000u}) {
      const Ref<Storage> storage = Storage::allocate(before, Device{});
      auto* bytes = static_cast<unsigned char*>(storage->data());
      for (size_t i = 0; i < before; ++i) bytes[i] = static_cast<unsigned char>(i * 5);
      storage->take_over(storage->grown(after));
      EXPECT_EQ(storage->bytes(), after);
      bytes = static_cast<unsigned char*>(storage->data());
      for (size_t i = 0; i < std::min(before, after); ++i) ASSERT_EQ(bytes[i], (i * 5) & 255);
      std::memset(bytes, 1, after);
    }
  }
}

TEST(Storage, VersionCountsWrites) {
  const Ref<Storage> storage = Storage::allocate(8, Device{});
  EXPECT_EQ(storage->version(), 0u);
  storage->bump_version("add_");
  storage->bump_version("mul_");
  EXPECT_EQ(storage->version(), 2u);
  EXPECT_TRUE(storage->changes_since(0).empty()) << "nobody watches it";
}

TEST(Storage, RemembersTheLatestChangesOnceItIsWatched) {
  const Ref<Storage> storage = Storage::allocate(8, Device{});
  storage->bump_version("before");
  storage->watch();
  const auto names_since = [&](uint32_t version) {
    std::string names;
    for (const Storage::Change& change : storage->changes_since(version))
      names += std::string(change.operation) + std::to_string(change.version) + " ";
    return names;
  };
  EXPECT_EQ(names_since(1), "");
  storage->bump_version("add_");
  storage->bump_version("mul_");
  EXPECT_EQ(names_since(1), "add_2 mul_3 ");
  EXPECT_EQ(names_since(2), "mul_3 ");
  EXPECT_EQ(names_since(3), "");
  EXPECT_EQ(names_since(0), "add_2 mul_3 ");
  for (int i = 0; i < 20; ++i) storage->bump_version("neg_");
  EXPECT_EQ(names_since(1), "neg_16 neg_17 neg_18 neg_19 neg_20 neg_21 neg_22 neg_23 ");
}

TEST(TensorViews, ShareOneStorageAndVersion) {
  const Tensor base = Tensor::empty(Dims{4, 6}, DType::kFloat32, Device{});
  const Tensor part = base.view(Dims{2, 3}, Dims{12, 2}, 7);
  EXPECT_EQ(&part.storage(), &base.storage());
  EXPECT_EQ(part.data_as<float>(), base.data_as<float>() + 7);
  EXPECT_FALSE(part.is_contiguous());
  EXPECT_EQ(part.numel(), 6);
  base.storage().bump_version("zero_");
  EXPECT_EQ(part.version(), 1u);
  EXPECT_FALSE(part.alias().is_same(part));
}

TEST(TensorViews, StridedMemoryIsAsLongAsItsReach) {
  const Tensor t = Tensor::empty_strided(Dims{3, 2}, Dims{1, 10}, DType::kFloat64, Device{});
  EXPECT_EQ(t.storage().bytes(), (2 + 10 + 1) * sizeof(double));
  const Tensor none = Tensor::empty_strided(Dims{0, 2}, Dims{1, 10}, DType::kFloat64, Device{});
  EXPECT_EQ(none.storage().bytes(), 0u);
}

}  // namespace
}  // namespace libtensor
