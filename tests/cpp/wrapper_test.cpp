// The C++ wrapper, as a program of a user sees it.
#include "tensor/tensor.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace {

using tensor::Options;
using tensor::Tensor;

template <typename T>
using Values = std::vector<T>;
using Shape = std::vector<int64_t>;

class Wrapper : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(tensor::live_handles(), before_);
    EXPECT_TRUE(tensor::GradMode::is_enabled());
  }

 private:
  const size_t before_ = tensor::live_handles();
};

Tensor leaf(const Values<float>& values) { return Tensor::from_data(values).requires_grad_(); }

TEST_F(Wrapper, ListsOfResults) {
  const Tensor x = leaf({1, 2, 3});
  const std::vector<Tensor> parts = x.split(2);
  ASSERT_EQ(parts.size(), 2u);
  (parts[0].sum() * parts[1].sum()).backward();
  EXPECT_EQ(x.grad().to_vector<float>(), (Values<float>{3, 3, 3}));
  EXPECT_EQ(x.split({1, 0, 2}).size(), 3u);
  EXPECT_EQ(tensor::unbind(x)[2].item<float>(), 3);
  EXPECT_TRUE(tensor::zeros({0}).unbind().empty());
  EXPECT_THROW(x.split(0), tensor::Error);
}

template <typename Function>
tensor_status_t status_of(Function function) {
  try {
    function();
  } catch (const tensor::Error& error) {
    EXPECT_STRNE(error.what(), "");
    return error.status();
  }
  return TENSOR_OK;
}

TEST_F(Wrapper, ATensorOwnsOneHandle) {
  const size_t before = tensor::live_handles();
  Tensor a = tensor::ones({2});
  EXPECT_EQ(tensor::live_handles(), before + 1);
  Tensor copy = a;
  EXPECT_TRUE(copy.is_same(a));
  EXPECT_EQ(tensor::live_handles(), before + 2);
  Tensor moved = std::move(copy);
  EXPECT_FALSE(copy.defined());  // NOLINT: what a move leaves behind
  EXPECT_EQ(tensor::live_handles(), before + 2);
  moved = a;
  a = std::move(moved);
  Tensor& self = a;
  a = self;
  EXPECT_EQ(a.to_vector<float>(), (Values<float>{1, 1}));
  tensor_t* handle = a.release();
  EXPECT_EQ(tensor_release(handle), TENSOR_OK);
  EXPECT_FALSE(Tensor().defined());
}

TEST_F(Wrapper, ArgumentsTakeManyForms) {
  const Values<int64_t> shape = {2, 3};
  EXPECT_EQ(tensor::zeros(shape).shape(), shape);
  EXPECT_EQ(tensor::zeros(4).shape(), Shape{4});
  EXPECT_EQ(tensor::zeros({}).dim(), 0);
  EXPECT_EQ(tensor::zeros(Shape(10, 1)).dim(), 10);
  const Tensor a = tensor::arange(6).view({2, 3});
  EXPECT_EQ(a.sum(0).to_vector<int64_t>(), (Values<int64_t>{3, 5, 7}));
  EXPECT_EQ(a.sum({0, 1}, true).shape(), (Shape{1, 1}));
  EXPECT_EQ(a.add(1).dtype(), tensor::kInt64);
  EXPECT_EQ(a.add(1u).dtype(), tensor::kInt64);
  EXPECT_EQ(a.mul(0.0f).add(uint64_t{1} << 63).sum().item().to<double>(), 0x1p63 * a.numel());
  EXPECT_EQ(a.add(1.0f).dtype(), tensor::kFloat32);
}

TEST_F(Wrapper, OptionsOfOperationsHaveDefaults) {
  const Tensor x = Tensor::from_data<float>({1, 2, 3, 4}, {2, 2});
  EXPECT_EQ(tensor::arange(1, 7, {2, tensor::kFloat64}).to_vector<double>(),
            (Values<double>{1, 3, 5}));
  EXPECT_EQ(tensor::arange(2, 4, tensor::kFloat16).dtype(), tensor::kFloat16);
  EXPECT_EQ(tensor::eye(2).shape(), (Shape{2, 2}));
  EXPECT_EQ(tensor::eye(2, {.m = 3}).shape(), (Shape{2, 3}));
  EXPECT_EQ(tensor::eye(2, tensor::kInt8).dtype(), tensor::kInt8);
  EXPECT_EQ(x.addmm(x, x, {.beta = 0}).to_vector<float>(), (Values<float>{7, 10, 15, 22}));
  EXPECT_EQ(x.addmm(x, x).to_vector<float>(), (Values<float>{8, 12, 18, 26}));
  Tensor changed = x.clone();
  changed.addmm_(x, x, {.alpha = -1});
  EXPECT_EQ(changed.to_vector<float>(), (Values<float>{-6, -8, -12, -18}));
  EXPECT_EQ(x.flatten().shape(), (Shape{4}));
  EXPECT_EQ(x.flatten({.end_dim = 0}).shape(), (Shape{2, 2}));
  EXPECT_EQ(x.amax({.dim = {0, 1}, .keepdim = true}).shape(), (Shape{1, 1}));
  EXPECT_EQ(std::get<0>(x.max(1, {.keepdim = true})).shape(), (Shape{2, 1}));
  const Tensor row = x.select(0, 1);
  EXPECT_EQ(row.as_strided({1}, {1}).to_vector<float>(), Values<float>{3});
  EXPECT_EQ(row.as_strided({1}, {1}, {.storage_offset = 0}).to_vector<float>(), Values<float>{1});
  EXPECT_EQ(x.to_copy({.dtype = tensor::kInt8}).dtype(), tensor::kInt8);
  EXPECT_EQ(x.split(1, {.dim = 1})[1].shape(), (Shape{2, 1}));
  const Tensor target = Tensor::from_data<int64_t>({0, 1}, {2});
  const Tensor weight = Tensor::from_data<float>({0.5, 1}, {2});
  const tensor::NllLossOptions weighted = {
      .weight = weight, .ignore_index = 1, .reduction = tensor::Reduction::Sum};
  EXPECT_EQ(tensor::nll_loss(x, target, weighted).item<float>(), -0.5);
  Tensor out = tensor::zeros({0});
  tensor::cat_out(out, {x, x}, {.dim = 1});
  EXPECT_EQ(out.shape(), (Shape{2, 4}));
}

TEST_F(Wrapper, OptionsAreADTypeADeviceOrBoth) {
  const Tensor a = tensor::ones({2}, tensor::kFloat64);
  EXPECT_EQ(a.dtype(), tensor::kFloat64);
  EXPECT_EQ(a.to("cpu").device(), tensor::Device("cpu"));
  EXPECT_EQ(a.to(tensor::kInt8).dtype(), tensor::kInt8);
  EXPECT_EQ(a.to("cpu", tensor::kFloat16).dtype(), tensor::kFloat16);
  EXPECT_TRUE(tensor::ones({1}, Options().requires_grad(true)).requires_grad());
  EXPECT_EQ(tensor::Device("cuda:3").str(), "cuda:3");
  for (const char* wrong : {"", "gpu", "cuda:", "cuda:x", "cpu:-1"}) {
    EXPECT_EQ(status_of([&] { tensor::Device{wrong}; }), TENSOR_ERROR_INVALID_ARGUMENT) << wrong;
  }
  EXPECT_STREQ(tensor::name(tensor::kBFloat16), "bfloat16");
  EXPECT_EQ(tensor::promote_types(tensor::kInt64, tensor::kFloat16), tensor::kFloat16);
}

TEST_F(Wrapper, OverloadsGoByPyTorchsName) {
  const Tensor a = Tensor::from_data(Values<float>{1, 4, 2, 3}, {2, 2});
  EXPECT_EQ(a.max().item<float>(), 4);
  const std::tuple<Tensor, Tensor> rows = a.max(1);
  EXPECT_EQ(std::get<1>(rows).to_vector<int64_t>(), (Values<int64_t>{1, 1}));
  EXPECT_EQ(a.max(a.t()).to_vector<float>(), (Values<float>{1, 4, 4, 3}));
  EXPECT_EQ(tensor::pow(2, a).to_vector<float>(), (Values<float>{2, 16, 4, 8}));
  EXPECT_EQ(tensor::where(a > 2, a, 0).to_vector<float>(), (Values<float>{0, 4, 0, 3}));
  EXPECT_EQ(tensor::cat({a, a}, {.dim = 1}).shape(), (Shape{2, 4}));
  EXPECT_EQ(tensor::arange(1, 4).to_vector<int64_t>(), (Values<int64_t>{1, 2, 3}));
  EXPECT_EQ(tensor::eye(2).to_vector<float>(), (Values<float>{1, 0, 0, 1}));
  const Tensor target = Tensor::from_data(Values<int64_t>{0, 1});
  const Tensor loss = tensor::cross_entropy(a, target);
  tensor::CrossEntropyWithOptions each_sample;
  each_sample.reduction = tensor::Reduction::None;
  const Tensor each = tensor::cross_entropy(a, target, each_sample);
  EXPECT_EQ(each.shape(), Shape{2});
  EXPECT_TRUE(tensor::allclose(loss, each.mean()));
}

TEST_F(Wrapper, Operators) {
  const Tensor a = Tensor::from_data(Values<double>{1, 2});
  const Tensor b = Tensor::from_data(Values<double>{4, 8});
  const Tensor all = (a + b) * 2 - 1 / a + (2 - b) / a + (-a) * 0.5 + 3.0 * a;
  EXPECT_EQ(all.to_vector<double>(), (Values<double>{9.5, 21.5}));
  EXPECT_EQ((a < b).to_vector<bool>(), (Values<bool>{true, true}));
  EXPECT_EQ((a == 1).to_vector<bool>(), (Values<bool>{true, false}));
  EXPECT_EQ((a != b).dtype(), tensor::kBool);
  EXPECT_EQ(b[1].item<int>(), 8);
}

TEST_F(Wrapper, InPlaceAndIntoADestination) {
  Tensor a = tensor::ones({2, 2});
  const Tensor alias = a;
  a += 1;
  a *= a;
  a.sub_(1).div_(2);
  EXPECT_EQ(alias.to_vector<float>(), Values<float>(4, 1.5));
  a[0].fill_(7);
  EXPECT_EQ(alias.to_vector<float>(), (Values<float>{7, 7, 1.5, 1.5}));
  EXPECT_EQ(alias.version(), 5u);
  Tensor out = tensor::empty({0});
  EXPECT_EQ(&tensor::add_out(out, a, alias), &out);
  EXPECT_EQ(out.to_vector<float>(), (Values<float>{14, 14, 3, 3}));
}

TEST_F(Wrapper, DataGoesInAndOut) {
  const Values<int32_t> values = {1, 2, 3, 4, 5, 6};
  const Tensor a = Tensor::from_data(values, {2, 3});
  EXPECT_EQ(a.dtype(), tensor::kInt32);
  EXPECT_EQ(a.t().to_vector<int32_t>(), (Values<int32_t>{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(a.data<int32_t>()[4], 5);
  EXPECT_EQ(a.strides(), (Shape{3, 1}));
  EXPECT_EQ(a.numel(), 6);
  EXPECT_EQ(Tensor::from_data(Values<bool>{true, false}).to_vector<bool>(),
            (Values<bool>{true, false}));
  EXPECT_EQ(Tensor::from_data(Values<float>{}, {0, 3}).to_vector<float>(), Values<float>{});
  EXPECT_EQ(status_of([&] { a.data<float>(); }), TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { a.item(); }), TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { Tensor::from_data(values, {7}); }), TENSOR_ERROR_INVALID_ARGUMENT);
}

TEST_F(Wrapper, ABlobIsSharedAndDestroyedOnce) {
  Values<float> memory = {1, 2, 3, 4};
  int destroyed = 0;
  const auto destroy = [&](void* data) {
    EXPECT_EQ(data, memory.data());
    ++destroyed;
  };
  {
    Tensor a = Tensor::from_blob(memory.data(), {2, 2}, {1, 2}, destroy);
    const Tensor view = a[0];
    a = Tensor();
    EXPECT_EQ(destroyed, 0);
    EXPECT_EQ(view.to_vector<float>(), (Values<float>{1, 3}));
    Tensor::from_blob(memory.data(), {4}).mul_(2);
    EXPECT_EQ(memory[3], 8);
  }
  EXPECT_EQ(destroyed, 1);
  EXPECT_NE(status_of([&] { Tensor::from_blob(memory.data(), {-1}, {}, destroy); }), TENSOR_OK);
  EXPECT_EQ(destroyed, 1);
}

TEST_F(Wrapper, Gradients) {
  const Tensor x = leaf({2, 3});
  EXPECT_TRUE(x.is_leaf());
  EXPECT_FALSE(x.grad().defined());
  EXPECT_EQ(x.grad_fn_name(), "");
  const Tensor y = x * x;
  EXPECT_EQ(y.grad_fn_name(), "MulBackward0");
  y.backward(tensor::ones_like(y), tensor::BackwardOptions().retain_graph());
  y.sum().backward();
  EXPECT_EQ(x.grad().to_vector<float>(), (Values<float>{8, 12}));

  const Values<float> unused = {1};
  const std::vector<Tensor> first =
      tensor::autograd::grad({(x * x * x).sum()}, {x, leaf(unused)}, {},
                             tensor::BackwardOptions().create_graph().allow_unused());
  EXPECT_FALSE(first[1].defined());
  const std::vector<Tensor> second = tensor::autograd::grad({first[0]}, {x}, {x});
  EXPECT_EQ(second[0].to_vector<float>(), (Values<float>{24, 54}));
}

TEST_F(Wrapper, GradModeEndsWithItsGuard) {
  const Tensor x = leaf({1});
  try {
    const tensor::NoGrad guard;
    EXPECT_FALSE((x * x).requires_grad());
    {
      const tensor::EnableGrad recording;
      EXPECT_TRUE((x * x).requires_grad());
    }
    x.view({5});
  } catch (const tensor::Error&) {
  }
  EXPECT_TRUE((x * x).requires_grad());
}

TEST_F(Wrapper, AScopeReleasesWhatIsNotKept) {
  Tensor kept;
  {
    tensor::Scope scope;
    const int64_t size = 1;
    tensor_t* forgotten = nullptr;
    ASSERT_EQ(tensor_ones(&size, 1, nullptr, &forgotten), TENSOR_OK);
    kept = scope.keep(tensor::ones({3}));
    const Tensor gone = kept + 1;
    scope.keep(gone);
  }
  EXPECT_EQ(kept.to_vector<float>(), Values<float>(3, 1));
}

TEST_F(Wrapper, ErrorsCarryStatusAndMessage) {
  const Tensor a = tensor::ones({2, 3});
  try {
    a + tensor::ones({2, 4});
    FAIL();
  } catch (const tensor::Error& error) {
    EXPECT_EQ(error.status(), TENSOR_ERROR_INVALID_ARGUMENT);
    EXPECT_EQ(std::string(error.what()).rfind("The size of tensor a (3) must match", 0), 0u);
  }
  EXPECT_EQ(status_of([&] { a[5]; }), TENSOR_ERROR_INDEX);
  EXPECT_EQ(status_of([] { Tensor().sum(); }), TENSOR_ERROR_INVALID_HANDLE);
  EXPECT_EQ(status_of([&] { a.add(Tensor()); }), TENSOR_ERROR_INVALID_HANDLE);
}

TEST_F(Wrapper, Prints) {
  std::ostringstream out;
  out << leaf({1, 2}) + 2 << " " << tensor::kInt8 << " " << tensor::Device("cpu") << " "
      << Tensor();
  EXPECT_EQ(out.str(), "tensor([3., 4.], grad_fn=<AddBackward0>) int8 cpu undefined");
  EXPECT_GT(tensor::rand({60, 10}).str().size(), 600u);
}

}  // namespace
