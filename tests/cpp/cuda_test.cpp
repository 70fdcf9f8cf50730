// Streams, events and devices in C++: on the emulated devices where the tests know them, and on the
// CPU, whose one stream is always done.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <tensor/tensor.hpp>

namespace {

class Cuda : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const char* const path = std::getenv("LIBTENSOR_EMULATED_CUDA");
    available_ = path && (tensor_cuda_is_available() || tensor_backend_load(path) == TENSOR_OK);
  }
  void SetUp() override {
    if (!available_) GTEST_SKIP() << "LIBTENSOR_EMULATED_CUDA names no emulated devices";
  }
  static bool available_;
};
bool Cuda::available_ = false;

TEST(CpuStreams, AreAlwaysDone) {
  tensor::cuda::Stream stream("cpu");
  EXPECT_TRUE(stream.query());
  EXPECT_EQ(stream.device(), tensor::Device("cpu"));
  tensor::cuda::Event event("cpu");
  stream.record(event);
  EXPECT_TRUE(event.query());
  event.synchronize();
  tensor::cuda::Stream moved(std::move(stream));
  moved.wait(tensor::cuda::Stream::default_of("cpu"));
  moved.synchronize();
  EXPECT_FALSE(tensor::cuda::is_pinned(tensor::ones({2})));
}

TEST(CurrentDevice, IsNamedByTheKindAlone) {
  EXPECT_EQ(tensor::Device("cuda").index(), -1);
  EXPECT_EQ(tensor::Device("cuda").str(), "cuda");
  EXPECT_EQ(tensor::Device("cuda:1").str(), "cuda:1");
}

TEST_F(Cuda, StreamsOrderTheirWork) {
  tensor::cuda::Stream side("cuda:0");
  const tensor::cuda::Stream here = tensor::cuda::Stream::current("cuda:0");
  EXPECT_NE(side.native(), here.native());
  tensor::Tensor x = tensor::ones({100}, tensor::Options("cuda:0"));
  side.wait(here);
  tensor::Tensor y;
  {
    const tensor::cuda::StreamGuard guard(side);
    EXPECT_EQ(tensor::cuda::Stream::current("cuda:0").native(), side.native());
    y = x * 3;
  }
  side.uses(x);
  EXPECT_EQ(tensor::cuda::Stream::current("cuda:0").native(), here.native());
  here.wait(side);
  here.uses(y);
  EXPECT_EQ((y + x).sum().item<float>(), 400.0f);
  EXPECT_THROW(side.uses(tensor::ones({1})), tensor::Error);
  tensor::cuda::Event start("cuda:0", true), end("cuda:0", true);
  here.record(start);
  y = y + 1;
  here.record(end);
  end.synchronize();
  EXPECT_GT(start.milliseconds_until(end), 0);
}

TEST_F(Cuda, PinnedMemoryAndTheCurrentDevice) {
  EXPECT_EQ(tensor::cuda::device_count(), 2);
  EXPECT_GT(tensor::cuda::properties("cuda:1").total_memory, 0u);
  tensor::Tensor x = tensor::ones({50}).pin_memory();
  EXPECT_TRUE(tensor::cuda::is_pinned(x));
  tensor::cuda::set_device(1);
  EXPECT_EQ(tensor::cuda::current_device(), 1);
  tensor::Tensor there = x.to_non_blocking(tensor::Options("cuda"));
  EXPECT_EQ(there.device().str(), "cuda:1");
  tensor::cuda::set_device(0);
  tensor::Tensor back = tensor::zeros({50}).pin_memory();
  back.copy_non_blocking_(there);
  tensor::cuda::synchronize("cuda:1");
  EXPECT_EQ(back.sum().item<float>(), 50.0f);
  EXPECT_THROW(tensor::cuda::set_device(7), tensor::Error);
}

}  // namespace
