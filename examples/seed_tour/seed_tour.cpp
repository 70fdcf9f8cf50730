// A tour of tensors and gradients through the C++ wrapper. seed_tour.py is the same in Python, line
// by line.
#include <iomanip>
#include <iostream>

#include "tensor/tensor.hpp"

using tensor::Options;
using tensor::Tensor;

namespace {

void tensors() {
  tensor::manual_seed(0);
  Tensor x = tensor::rand({5, 3});
  std::cout << "Random numbers, the same in every run because the seed is set: torch.rand(5, 3)\n"
            << x << '\n'
            << "The same 15 numbers seen as one row, without a copy: x.view(-1, 15)\n"
            << x.view({-1, 15}) << '\n';

  x = tensor::zeros({2, 3});
  Tensor y = tensor::ones({2, 3});
  std::cout << "In-place functions end with an underscore: x.copy_(y)\n" << x.copy_(y) << '\n';
  std::cout << "The sum of x as a plain number: x.sum().item() is " << std::fixed
            << std::setprecision(4) << x.sum().item<double>() << '\n';
}

void devices() {
  tensor::Device device("cuda");
  if (!tensor::cuda_is_available()) {
    device = tensor::Device("cpu");
    std::cout << "CUDA is not available: " << tensor::cuda_unavailable_reason()
              << ". The CPU takes its place.\n";
  }
  Tensor x = tensor::ones({3});
  Tensor y = tensor::ones_like(x, device);
  x = x.to(device);
  Tensor z = x + y;
  std::cout << "A sum on the device: torch.ones_like(x, device=device) + x.to(device)\n"
            << z << '\n'
            << "The same on the CPU, in double precision: z.to(\"cpu\", torch.double)\n"
            << z.to("cpu", tensor::kFloat64) << '\n';
}

Tensor mean_of_squares(const Tensor& x) { return (3 * (x + 2).pow(2)).mean(); }

void gradients() {
  Tensor x = tensor::ones({2, 2}, Options().requires_grad(true));
  std::cout << "A tensor that asks for its gradient. It is a leaf: no operation made it.\n"
            << x << '\n'
            << "x.grad_fn is " << (x.grad_fn_name().empty() ? "None" : x.grad_fn_name()) << '\n';

  Tensor y = x + 2;
  std::cout << "What operations make of it remembers how it was made: y = x + 2\n" << y << '\n';
  Tensor z = y * y;
  std::cout << "z = y * y\n" << z << '\n' << "x ** 2\n" << x.pow(2) << '\n';

  x = Tensor::from_data<float>({2, 4, 3, 5}, {2, 2}).requires_grad_();
  Tensor out = mean_of_squares(x);
  std::cout << "One number computed from x = [[2, 4], [3, 5]]: out = (3 * (x + 2) ** 2).mean()\n"
            << out << '\n';
  out.backward();
  std::cout << "out.backward() goes back through all of it. d out / d x is 1.5 * (x + 2):\n"
            << x.grad() << '\n';

  std::cout << "Only a number has a gradient without further ado: z.backward()\n";
  try {
    z.backward();
  } catch (const tensor::Error& error) {
    std::cout << "RuntimeError: " << error.what() << '\n';
  }

  mean_of_squares(x).backward();
  std::cout << "Gradients add up. After a second backward:\n" << x.grad() << '\n';

  tensor::NoGrad no_grad;
  std::cout << "Under no_grad nothing is recorded: requires_grad of x * x is "
            << ((x * x).requires_grad() ? "True" : "False") << '\n';
}

void vector_jacobian_product() {
  tensor::manual_seed(0);
  Tensor x = tensor::randn({3}, Options().requires_grad(true));
  Tensor y = x;
  for (int i = 0; i < 10; ++i) y = y * 2;
  std::cout << "y doubles x ten times over:\n" << y << '\n';
  Tensor v = Tensor::from_data<float>({0.1f, 1.0f, 0.0001f});
  y.backward(v);
  std::cout
      << "y has three elements, so backward takes a vector v, and x.grad becomes v times dy/dx:\n"
      << x.grad() << '\n';
}

}  // namespace

int main() {
  tensors();
  devices();
  gradients();
  vector_jacobian_product();
  return tensor::live_handles() == 0 ? 0 : 1;
}
