// The text form, against what PyTorch 2.15 prints.
#include "io/format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/calls/pointwise.h"
#include "core/device_runtime.h"
#include "core/generated/functors/copy.h"
#include "core/kernel_registry.h"

namespace libtensor {
namespace {

// A tensor whose memory comes from no backend.
template <class T>
Tensor from_span(std::span<const T> values, const Dims& shape, Device device = {}) {
  const size_t bytes = values.size_bytes();
  auto* memory = new unsigned char[bytes + 1];
  if (bytes != 0) std::memcpy(memory, values.data(), bytes);
  const auto release = [](void* data) { delete[] static_cast<unsigned char*>(data); };
  auto impl = Ref<TensorImpl>::adopt(new TensorImpl);
  impl->storage = Storage::share(memory, bytes, device);
  impl->storage->set_deleter(release, memory);
  impl->dtype = dtype_of<T>;
  impl->shape = shape;
  impl->strides = contiguous_strides(shape);
  impl->update_geometry();
  return Tensor(std::move(impl));
}

// What an element is written as here: a half type is made of floats.
template <class T>
using Literal = std::conditional_t<std::is_class_v<T>, float, T>;

template <class T>
Tensor of(std::initializer_list<Literal<T>> values, const Dims& shape) {
  const auto elements = std::make_unique<T[]>(values.size());  // a vector<bool> has no elements
  std::transform(values.begin(), values.end(), elements.get(), [](auto v) { return T(v); });
  return from_span(std::span<const T>(elements.get(), values.size()), shape);
}

// 0, 1, 2, ...
template <class T>
Tensor counted(const Dims& shape) {
  std::vector<T> values(numel_of(shape));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(i);
  return from_span(std::span<const T>(values), shape);
}

Tensor view(const Tensor& tensor, const Dims& shape, const Dims& strides, int64_t offset) {
  return tensor.view(shape, strides, offset);
}

Tensor leaf(Tensor tensor) {
  tensor.impl()->requires_grad = true;
  return tensor;
}

class NamedNode final : public GraphNode {
 public:
  explicit NamedNode(const char* name) : name_(name) {}
  const char* name() const override { return name_; }
  Ref<GraphNode> epitaph() const override { return nullptr; }

 private:
  void dispose() override { delete this; }
  const char* name_;
};

// As if an operation with the node `name` had made it.
Tensor result(Tensor tensor, const char* name) {
  tensor.impl()->grad_fn = Ref<GraphNode>::adopt(new NamedNode(name));
  return tensor;
}

TEST(Format, Scalars) {
  EXPECT_EQ(to_string(of<float>({94.5f}, {})), "tensor(94.5000)");
  EXPECT_EQ(to_string(of<float>({3}, {})), "tensor(3.)");
  EXPECT_EQ(to_string(of<float>({-0.0f}, {})), "tensor(-0.)");
  EXPECT_EQ(to_string(of<int64_t>({-7}, {})), "tensor(-7)");
  EXPECT_EQ(to_string(of<bool>({true}, {})), "tensor(True)");
  EXPECT_EQ(to_string(of<double>({1e-5}, {})), "tensor(1.0000e-05, dtype=torch.float64)");
}

TEST(Format, Floats) {
  EXPECT_EQ(to_string(of<float>({3, 3, 3, 3}, {2, 2})),
            R"(tensor([[3., 3.],
        [3., 3.]]))");
  EXPECT_EQ(to_string(of<float>({6, 9, 7.5f, 10.5f}, {2, 2})),
            R"(tensor([[ 6.0000,  9.0000],
        [ 7.5000, 10.5000]]))");
  EXPECT_EQ(to_string(of<float>({0.5f, -1234.5f}, {2})), "tensor([ 5.0000e-01, -1.2345e+03])");
  EXPECT_EQ(to_string(of<float>({0.1f, 100}, {2})), "tensor([  0.1000, 100.0000])");
  EXPECT_EQ(to_string(of<float>({0.00005f, -0.0f, 1}, {3})),
            "tensor([5.0000e-05, -0.0000e+00, 1.0000e+00])");
  EXPECT_EQ(to_string(of<float>({0.00015f, 0.5f, 0}, {3})),
            "tensor([1.5000e-04, 5.0000e-01, 0.0000e+00])");
  EXPECT_EQ(to_string(of<float>({9.99995f, 9.99994f}, {2})), "tensor([10.0000,  9.9999])");
  EXPECT_EQ(to_string(of<float>({99999.5f, 1000}, {2})), "tensor([99999.5000,  1000.0000])");
}

TEST(Format, Scientific) {
  EXPECT_EQ(to_string(of<float>({1, 1000}, {2})), "tensor([   1., 1000.])");
  EXPECT_EQ(to_string(of<float>({1, 1001}, {2})), "tensor([1.0000e+00, 1.0010e+03])");
  EXPECT_EQ(to_string(of<float>({1e8f, 2e8f}, {2})), "tensor([1.0000e+08, 2.0000e+08])");
  EXPECT_EQ(to_string(of<float>({1e8f, 99999992.0f}, {2})), "tensor([100000000.,  99999992.])");
  EXPECT_EQ(to_string(of<float>({1e-4f, 2e-4f}, {2})), "tensor([1.0000e-04, 2.0000e-04])");
  EXPECT_EQ(to_string(of<double>({1e-4, 2e-4}, {2})),
            "tensor([0.0001, 0.0002], dtype=torch.float64)");
  EXPECT_EQ(to_string(of<double>({1e-310, -1e300, 0}, {3})),
            "tensor([ 1.0000e-310, -1.0000e+300,   0.0000e+00], dtype=torch.float64)");
  EXPECT_EQ(to_string(of<double>({-1e-5, INFINITY, NAN, -0.0}, {4})),
            R"(tensor([-1.0000e-05,         inf,         nan, -0.0000e+00],
       dtype=torch.float64))");
}

TEST(Format, NotFinite) {
  EXPECT_EQ(to_string(of<float>({NAN, INFINITY, -INFINITY, 0}, {4})),
            "tensor([nan, inf, -inf, 0.])");
  EXPECT_EQ(to_string(of<float>({1, NAN, -INFINITY}, {3})), "tensor([1., nan, -inf])");
  EXPECT_EQ(to_string(of<float>({1.5f, NAN, -INFINITY}, {3})), "tensor([1.5000,    nan,   -inf])");
  EXPECT_EQ(to_string(of<float>({-0.0f, 0}, {2})), "tensor([-0., 0.])");
  EXPECT_EQ(to_string(of<float>({-NAN}, {1})), "tensor([nan])");
}

TEST(Format, Halves) {
  EXPECT_EQ(to_string(of<Half>({0.1f, 2, 65504}, {3})),
            "tensor([9.9976e-02, 2.0000e+00, 6.5504e+04], dtype=torch.float16)");
  EXPECT_EQ(to_string(of<Half>({1, 2}, {2})), "tensor([1., 2.], dtype=torch.float16)");
  EXPECT_EQ(to_string(of<BFloat16>({0.1f, 3.14159f}, {2})),
            "tensor([0.1001, 3.1406], dtype=torch.bfloat16)");
  EXPECT_EQ(to_string(of<BFloat16>({1e30f, 1}, {2})),
            "tensor([1.0003e+30, 1.0000e+00], dtype=torch.bfloat16)");
}

TEST(Format, Integers) {
  EXPECT_EQ(to_string(of<int64_t>({1, -20, 300}, {3})), "tensor([  1, -20, 300])");
  EXPECT_EQ(to_string(of<int64_t>({INT64_MIN, INT64_MAX}, {2})),
            "tensor([-9223372036854775808,  9223372036854775807])");
  EXPECT_EQ(to_string(of<uint8_t>({255, 0}, {2})), "tensor([255,   0], dtype=torch.uint8)");
  EXPECT_EQ(to_string(of<int8_t>({-128}, {1})), "tensor([-128], dtype=torch.int8)");
  EXPECT_EQ(to_string(of<int16_t>({1, 2, 3, 4}, {2, 1, 2})),
            R"(tensor([[[1, 2]],

        [[3, 4]]], dtype=torch.int16))");
  EXPECT_EQ(to_string(of<int32_t>({5}, {1, 1, 1, 1})), "tensor([[[[5]]]], dtype=torch.int32)");
}

TEST(Format, Bools) {
  EXPECT_EQ(to_string(of<bool>({true, true}, {2})), "tensor([True, True])");
  EXPECT_EQ(to_string(of<bool>({true, false}, {1, 2})), "tensor([[ True, False]])");
}

TEST(Format, Empty) {
  EXPECT_EQ(to_string(of<float>({}, {0})), "tensor([])");
  EXPECT_EQ(to_string(of<float>({}, {0, 3})), "tensor([], size=(0, 3))");
  EXPECT_EQ(to_string(of<int64_t>({}, {0})), "tensor([], dtype=torch.int64)");
  EXPECT_EQ(to_string(of<bool>({}, {2, 0, 3})), "tensor([], size=(2, 0, 3), dtype=torch.bool)");
  EXPECT_EQ(to_string(of<double>({}, {1, 0})), "tensor([], size=(1, 0), dtype=torch.float64)");
}

TEST(Format, Lines) {
  EXPECT_EQ(to_string(counted<int64_t>({30})),
            R"(tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,
        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29]))");
  EXPECT_EQ(to_string(counted<float>({2, 17})),
            R"(tensor([[ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13.,
         14., 15., 16.],
        [17., 18., 19., 20., 21., 22., 23., 24., 25., 26., 27., 28., 29., 30.,
         31., 32., 33.]]))");
  EXPECT_EQ(to_string(counted<int32_t>({2, 2, 2})),
            R"(tensor([[[0, 1],
         [2, 3]],

        [[4, 5],
         [6, 7]]], dtype=torch.int32))");
  EXPECT_EQ(to_string(counted<float>({2, 1, 2, 1})),
            R"(tensor([[[[0.],
          [1.]]],


        [[[2.],
          [3.]]]]))");
}

TEST(Format, Summary) {
  EXPECT_EQ(to_string(counted<int64_t>({1001})),
            "tensor([   0,    1,    2,  ...,  998,  999, 1000])");
  EXPECT_EQ(to_string(counted<float>({7, 143})),
            R"(tensor([[   0.,    1.,    2.,  ...,  140.,  141.,  142.],
        [ 143.,  144.,  145.,  ...,  283.,  284.,  285.],
        [ 286.,  287.,  288.,  ...,  426.,  427.,  428.],
        ...,
        [ 572.,  573.,  574.,  ...,  712.,  713.,  714.],
        [ 715.,  716.,  717.,  ...,  855.,  856.,  857.],
        [ 858.,  859.,  860.,  ...,  998.,  999., 1000.]]))");
  EXPECT_EQ(to_string(counted<float>({501, 2})),
            R"(tensor([[0.0000e+00, 1.0000e+00],
        [2.0000e+00, 3.0000e+00],
        [4.0000e+00, 5.0000e+00],
        ...,
        [9.9600e+02, 9.9700e+02],
        [9.9800e+02, 9.9900e+02],
        [1.0000e+03, 1.0010e+03]]))");
  EXPECT_EQ(to_string(counted<float>({2, 6, 84})),
            R"(tensor([[[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 8.1000e+01,
          8.2000e+01, 8.3000e+01],
         [8.4000e+01, 8.5000e+01, 8.6000e+01,  ..., 1.6500e+02,
          1.6600e+02, 1.6700e+02],
         [1.6800e+02, 1.6900e+02, 1.7000e+02,  ..., 2.4900e+02,
          2.5000e+02, 2.5100e+02],
         [2.5200e+02, 2.5300e+02, 2.5400e+02,  ..., 3.3300e+02,
          3.3400e+02, 3.3500e+02],
         [3.3600e+02, 3.3700e+02, 3.3800e+02,  ..., 4.1700e+02,
          4.1800e+02, 4.1900e+02],
         [4.2000e+02, 4.2100e+02, 4.2200e+02,  ..., 5.0100e+02,
          5.0200e+02, 5.0300e+02]],

        [[5.0400e+02, 5.0500e+02, 5.0600e+02,  ..., 5.8500e+02,
          5.8600e+02, 5.8700e+02],
         [5.8800e+02, 5.8900e+02, 5.9000e+02,  ..., 6.6900e+02,
          6.7000e+02, 6.7100e+02],
         [6.7200e+02, 6.7300e+02, 6.7400e+02,  ..., 7.5300e+02,
          7.5400e+02, 7.5500e+02],
         [7.5600e+02, 7.5700e+02, 7.5800e+02,  ..., 8.3700e+02,
          8.3800e+02, 8.3900e+02],
         [8.4000e+02, 8.4100e+02, 8.4200e+02,  ..., 9.2100e+02,
          9.2200e+02, 9.2300e+02],
         [9.2400e+02, 9.2500e+02, 9.2600e+02,  ..., 1.0050e+03,
          1.0060e+03, 1.0070e+03]]]))");
  EXPECT_EQ(to_string(counted<int16_t>({8, 8, 16})),
            R"(tensor([[[   0,    1,    2,  ...,   13,   14,   15],
         [  16,   17,   18,  ...,   29,   30,   31],
         [  32,   33,   34,  ...,   45,   46,   47],
         ...,
         [  80,   81,   82,  ...,   93,   94,   95],
         [  96,   97,   98,  ...,  109,  110,  111],
         [ 112,  113,  114,  ...,  125,  126,  127]],

        [[ 128,  129,  130,  ...,  141,  142,  143],
         [ 144,  145,  146,  ...,  157,  158,  159],
         [ 160,  161,  162,  ...,  173,  174,  175],
         ...,
         [ 208,  209,  210,  ...,  221,  222,  223],
         [ 224,  225,  226,  ...,  237,  238,  239],
         [ 240,  241,  242,  ...,  253,  254,  255]],

        [[ 256,  257,  258,  ...,  269,  270,  271],
         [ 272,  273,  274,  ...,  285,  286,  287],
         [ 288,  289,  290,  ...,  301,  302,  303],
         ...,
         [ 336,  337,  338,  ...,  349,  350,  351],
         [ 352,  353,  354,  ...,  365,  366,  367],
         [ 368,  369,  370,  ...,  381,  382,  383]],

        ...,

        [[ 640,  641,  642,  ...,  653,  654,  655],
         [ 656,  657,  658,  ...,  669,  670,  671],
         [ 672,  673,  674,  ...,  685,  686,  687],
         ...,
         [ 720,  721,  722,  ...,  733,  734,  735],
         [ 736,  737,  738,  ...,  749,  750,  751],
         [ 752,  753,  754,  ...,  765,  766,  767]],

        [[ 768,  769,  770,  ...,  781,  782,  783],
         [ 784,  785,  786,  ...,  797,  798,  799],
         [ 800,  801,  802,  ...,  813,  814,  815],
         ...,
         [ 848,  849,  850,  ...,  861,  862,  863],
         [ 864,  865,  866,  ...,  877,  878,  879],
         [ 880,  881,  882,  ...,  893,  894,  895]],

        [[ 896,  897,  898,  ...,  909,  910,  911],
         [ 912,  913,  914,  ...,  925,  926,  927],
         [ 928,  929,  930,  ...,  941,  942,  943],
         ...,
         [ 976,  977,  978,  ...,  989,  990,  991],
         [ 992,  993,  994,  ..., 1005, 1006, 1007],
         [1008, 1009, 1010,  ..., 1021, 1022, 1023]]], dtype=torch.int16))");
}

TEST(Format, Views) {
  EXPECT_EQ(to_string(view(counted<float>({2, 3, 4}), {4, 3}, {1, 4}, 12)),
            R"(tensor([[12., 16., 20.],
        [13., 17., 21.],
        [14., 18., 22.],
        [15., 19., 23.]]))");
  EXPECT_EQ(to_string(view(counted<float>({2, 3, 4}), {2, 2}, {12, 2}, 1)),
            R"(tensor([[ 1.,  3.],
        [13., 15.]]))");
  EXPECT_EQ(to_string(view(of<double>({2.5}, {1}), {3, 2}, {0, 0}, 0)),
            R"(tensor([[2.5000, 2.5000],
        [2.5000, 2.5000],
        [2.5000, 2.5000]], dtype=torch.float64))");
}

TEST(Format, Suffixes) {
  EXPECT_EQ(to_string(leaf(of<float>({1, 2}, {2}))), "tensor([1., 2.], requires_grad=True)");
  EXPECT_EQ(to_string(leaf(of<double>({1}, {1}))),
            "tensor([1.], dtype=torch.float64, requires_grad=True)");
  EXPECT_EQ(to_string(result(of<float>({3, 3, 3, 3}, {2, 2}), "AddBackward0")),
            R"(tensor([[3., 3.],
        [3., 3.]], grad_fn=<AddBackward0>))");
  EXPECT_EQ(to_string(result(of<float>({94.5f}, {}), "MeanBackward0")),
            "tensor(94.5000, grad_fn=<MeanBackward0>)");
  EXPECT_EQ(to_string(leaf(counted<double>({9}))),
            R"(tensor([0., 1., 2., 3., 4., 5., 6., 7., 8.], dtype=torch.float64,
       requires_grad=True))");
  EXPECT_EQ(to_string(leaf(counted<double>({10}))),
            R"(tensor([0., 1., 2., 3., 4., 5., 6., 7., 8., 9.], dtype=torch.float64,
       requires_grad=True))");
  EXPECT_EQ(to_string(result(counted<double>({16}), "MulBackward0")),
            R"(tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13.,
        14., 15.], dtype=torch.float64, grad_fn=<MulBackward0>))");
  EXPECT_EQ(to_string(leaf(of<float>({}, {0, 3}))), "tensor([], size=(0, 3), requires_grad=True)");
}

TEST(Format, AnyRank) {
  const Dims ones(kMaxDims, 1);
  EXPECT_EQ(to_string(of<float>({1.5f}, ones)),
            "tensor(" + std::string(64, '[') + "1.5000" + std::string(64, ']') + ")");
}

TEST(Format, MemoryOfOthers) {
  alignas(float) unsigned char bytes[] = {0, 0, 0, 192, 63, 2, 0};
  const auto at = [&](int first, DType dtype, int64_t count) {
    Tensor tensor = of<float>({}, {0});
    tensor.impl()->storage = Storage::share(bytes + first, 4, Device{});
    tensor.impl()->dtype = dtype;
    return view(tensor, {count}, {1}, 0);
  };
  EXPECT_EQ(to_string(at(1, DType::kFloat32, 1)), "tensor([1.5000])");     // not aligned
  EXPECT_EQ(to_string(at(5, DType::kBool, 2)), "tensor([ True, False])");  // not 0 or 1
}

TEST(Format, UndefinedTensorIsAnError) { EXPECT_THROW(to_string(Tensor()), Error); }

// A device whose memory the test can read; only copies, there and to the host, are expected of it.
class CopyOnlyRuntime final : public DeviceRuntime {
 public:
  int copies = 0;

  void copy_bytes(void* destination, Device to, const void* source, Device, size_t bytes,
                  bool) override {
    if (to.is_cpu()) ++copies;
    std::memcpy(destination, source, bytes);
  }
  void* allocate(Device, size_t bytes) override { return host().allocate({}, bytes); }
  void free(Device, void* data, size_t bytes) noexcept override { host().free({}, data, bytes); }
  Generator& generator() override { fail(Status::kInternal, "not expected"); }

 private:
  static DeviceRuntime& host() { return runtime_for(Device{}); }
};

void copy_on_host(Device, const PointwiseCall& call) {
  ASSERT_EQ(call.op, functor::kCopy);
  run_kernel(Device{}, call);
}

TEST(Format, OtherDevice) {
  const Device cuda{DeviceType::kCuda, 0};
  ASSERT_EQ(device_count(cuda.type), 0);
  CopyOnlyRuntime runtime;
  register_runtime(cuda, &runtime);
  add_kernel<PointwiseCall>(cuda.type, copy_on_host);
  const std::vector<double> values = {1, 2, 3, 4.5};
  {
    const Tensor tensor = from_span(std::span<const double>(values), {2, 2}, cuda);
    EXPECT_EQ(to_string(view(tensor, {2}, {2}, 1)),
              "tensor([2.0000, 4.5000], device='cuda:0', dtype=torch.float64)");
    EXPECT_EQ(to_string(leaf(view(tensor, {0, 2}, {2, 1}, 0))),
              "tensor([], device='cuda:0', size=(0, 2), dtype=torch.float64,\n"
              "       requires_grad=True)");
    EXPECT_EQ(runtime.copies, 1);  // none for the empty one
  }
  add_kernel<PointwiseCall>(cuda.type, nullptr);
  register_runtime(cuda, nullptr);
}

}  // namespace
}  // namespace libtensor
