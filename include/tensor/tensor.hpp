// libtensor for C++11 and later: values, exceptions and operators over the C functions, in headers
// only.
//
//   tensor::Tensor x = tensor::ones({2, 2}, tensor::Options().requires_grad(true));
//   tensor::Tensor y = ((x + 2) * (x + 2) * 3).mean();
//   y.backward();
//   std::cout << x.grad() << "\n";
//
// A Tensor owns one handle and gives it back by itself. Names, defaults and meanings are PyTorch's;
// the reference of each operation is in docs/reference. Every call that fails throws tensor::Error.
#ifndef TENSOR_TENSOR_HPP
#define TENSOR_TENSOR_HPP

#include "tensor/cpp/autograd.hpp"
#include "tensor/cpp/cuda.hpp"
#include "tensor/cpp/function.hpp"
#include "tensor/cpp/functional.hpp"
#include "tensor/cpp/graph.hpp"
#include "tensor/cpp/hooks.hpp"
#include "tensor/cpp/memory.hpp"
#include "tensor/cpp/node.hpp"
#include "tensor/cpp/operators.hpp"
#include "tensor/cpp/runtime.hpp"
#include "tensor/cpp/scope.hpp"
#include "tensor/cpp/tensor_class.hpp"
#include "tensor/ops.hpp"

#endif  // TENSOR_TENSOR_HPP
