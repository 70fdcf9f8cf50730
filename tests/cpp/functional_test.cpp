// The C++ wrapper's functional layer, kept products, pictures and anomaly detection.
#include <gtest/gtest.h>

#include <stdexcept>

#include "tensor/tensor.hpp"

namespace {

using namespace tensor::autograd;
using tensor::Tensor;
using Values = std::vector<double>;

class FunctionalWrapper : public testing::Test {
 protected:
  void TearDown() override {
    x_ = y_ = Tensor();
    EXPECT_EQ(tensor::live_handles(), before_);
  }

 private:
  const size_t before_ = tensor::live_handles();

 protected:
  Tensor x_ = Tensor::from_data<double>({1, 2}), y_ = Tensor::from_data<double>({3, 5});
  const UnaryFunction cubes_ = [](const Tensor& x) { return (x * x * x).sum(); };
  const Function two_ = [](const Tensors& in) {
    return Tensors{in[0] * in[1], (in[0] * in[0]).sum()};
  };
};

TEST_F(FunctionalWrapper, OneTensorIn) {
  EXPECT_EQ(hessian(cubes_, x_).to_vector<double>(), (Values{6, 0, 0, 12}));
  const Tensor j = jacobian([](const Tensor& x) { return x * x; }, x_);
  EXPECT_EQ(j.to_vector<double>(), (Values{2, 0, 0, 4}));
  EXPECT_EQ(vjp(cubes_, x_).second.to_vector<double>(), (Values{3, 12}));
  EXPECT_EQ(jvp(cubes_, x_, y_).second.item<double>(), 3 * 3 + 12 * 5);
  EXPECT_EQ(vhp(cubes_, x_, y_).second.to_vector<double>(), (Values{18, 60}));
  EXPECT_EQ(hvp(cubes_, x_, y_).second.to_vector<double>(), (Values{18, 60}));
  EXPECT_EQ(hvp(cubes_, x_, y_).first.item<double>(), 9);
}

TEST_F(FunctionalWrapper, SeveralTensors) {
  const std::vector<Tensors> j = jacobian(two_, {x_, y_}, 2);
  ASSERT_EQ(j.size(), 2u);
  EXPECT_EQ(j[0][1].to_vector<double>(), (Values{1, 0, 0, 2}));
  EXPECT_EQ(j[1][0].to_vector<double>(), (Values{2, 4}));
  const Products p = vjp(two_, {x_, y_}, {y_, Tensor::from_data<double>({1}, {})}, 2);
  EXPECT_EQ(p.first[0].to_vector<double>(), (Values{3, 10}));
  EXPECT_EQ(p.second[0].to_vector<double>(), (Values{9 + 2, 25 + 4}));
  const Function scalar = [](const Tensors& in) { return Tensors{(in[0] * in[1]).sum()}; };
  EXPECT_EQ(hessian(scalar, {x_, y_})[0][1].to_vector<double>(), (Values{1, 0, 0, 1}));
}

TEST_F(FunctionalWrapper, ExceptionsComeOutOfTheCall) {
  const UnaryFunction throws = [](const Tensor&) -> Tensor { throw std::out_of_range("mine"); };
  try {
    jacobian(throws, x_);
    FAIL();
  } catch (const std::out_of_range& error) {
    EXPECT_STREQ(error.what(), "mine");
  }
  EXPECT_THROW(jacobian([](const Tensor& x) { return x.view({3}); }, x_), tensor::Error);
  EXPECT_THROW(jacobian(two_, {x_, y_}, 3), tensor::Error);
  EXPECT_THROW(hessian([](const Tensor& x) { return x.sum(); }, x_, FunctionalOptions().strict()),
               tensor::Error);
}

TEST_F(FunctionalWrapper, KeptProduct) {
  const Vjp product(two_, {x_, y_}, 2);
  EXPECT_EQ(product.output(0).grad_fn_name(), "MulBackward0");
  EXPECT_TRUE(product.input(1).requires_grad());
  const Tensor one = Tensor::from_data<double>({1}, {});
  for (double scale : {1.0, 2.0}) {
    const Tensors found = product({y_ * scale, one * scale});
    EXPECT_EQ(found[0].to_vector<double>(), (Values{11 * scale, 29 * scale}));
  }
  EXPECT_THROW(product({y_}), tensor::Error);
}

TEST_F(FunctionalWrapper, Checks) {
  x_.requires_grad_();
  const Function square = [](const Tensors& in) { return Tensors{in[0] * in[0]}; };
  const Function half = [](const Tensors& in) { return Tensors{in[0] * in[0].detach()}; };
  gradcheck(square, {x_});
  gradgradcheck(square, {x_});
  try {
    gradcheck(half, {x_});
    FAIL();
  } catch (const tensor::Error& error) {
    EXPECT_EQ(error.status(), TENSOR_ERROR_GRADCHECK);
  }
  gradcheck(half, {x_}, 1, GradcheckOptions().atol(3));
}

TEST_F(FunctionalWrapper, Checkpoints) {
  x_.requires_grad_();
  auto runs = std::make_shared<int>(0);
  const UnaryFunction f = [runs](const Tensor& x) {
    ++*runs;
    return x.exp().tanh();
  };
  const Tensor y = checkpoint(f, x_);
  EXPECT_EQ(graph_memory({y}).saved_bytes, 0u);
  y.sum().backward();
  EXPECT_EQ(*runs, 2);
  const Values found = x_.grad().to_vector<double>();
  x_.set_grad(Tensor());
  x_.exp().tanh().sum().backward();
  EXPECT_EQ(found, x_.grad().to_vector<double>());

  int calls = 0;
  const Tensor z = checkpoint(
      [&calls](const Tensor& x) {
        if (++calls > 1) throw std::out_of_range("second run");
        return x.exp();
      },
      x_);
  try {
    z.sum().backward();
    FAIL();
  } catch (const tensor::Error& error) {
    EXPECT_STREQ(error.what(), "second run");
  }
  EXPECT_THROW(checkpoint([](const Tensor& x) { return x.view({7}); }, x_), tensor::Error);
}

TEST_F(FunctionalWrapper, PicturesAndMemory) {
  x_.requires_grad_();
  const Tensor total = (x_ * x_).sum();
  const std::string dot = graph_to_dot({total}, PictureOptions().name(x_, "x").show_saved());
  EXPECT_NE(dot.find("label=\"x\\nfloat64 [2]\""), std::string::npos) << dot;
  EXPECT_EQ(graph_to_svg({total}).find("<svg"), 0u);
  EXPECT_NE(graph_to_html({total}).find("<svg"), std::string::npos);
  EXPECT_EQ(graph_memory({total}).saved_bytes, 16u);
}

TEST_F(FunctionalWrapper, AnomalyDetection) {
  const Tensor zero = Tensor::from_data<double>({0}).requires_grad_();
  const DetectAnomaly detection;
  set_location("here:1");
  try {
    (zero.sqrt() * 0).sum().backward();
    FAIL();
  } catch (const tensor::Error& error) {
    EXPECT_STREQ(error.what(),
                 "Function 'SqrtBackward0' returned nan values in its 0th output.\n"
                 "SqrtBackward0 was recorded at here:1");
  }
  set_location("");
}

}  // namespace
