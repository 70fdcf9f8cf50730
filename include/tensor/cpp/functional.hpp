// Derivatives of functions: products with Jacobians and Hessians, whole ones, gradcheck.
//
//   Tensor h = autograd::hessian([](const Tensor& x) { return (x * x * x).sum(); }, x);
#ifndef TENSOR_CPP_FUNCTIONAL_HPP
#define TENSOR_CPP_FUNCTIONAL_HPP

#include <exception>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "tensor/cpp/autograd.hpp"
#include "tensor/functional.h"

namespace tensor {
namespace autograd {

using Tensors = std::vector<Tensor>;
// Computes tensors from tensors. What it throws comes out of the call that it was given to.
using Function = std::function<Tensors(const Tensors&)>;
// The same for one tensor each.
using UnaryFunction = std::function<Tensor(const Tensor&)>;

// The function's values, and the product.
using Products = std::pair<Tensors, Tensors>;
using Product = std::pair<Tensor, Tensor>;

class FunctionalOptions {
 public:
  FunctionalOptions() noexcept : raw_(tensor_functional_options_default()) {}

  // The results can be differentiated again.
  FunctionalOptions& create_graph(bool value = true) noexcept {
    raw_.create_graph = value;
    return *this;
  }
  // What does not depend on an input is an error, not zero.
  FunctionalOptions& strict(bool value = true) noexcept {
    raw_.strict = value;
    return *this;
  }
  const tensor_functional_options_t* raw() const noexcept { return &raw_; }

 private:
  tensor_functional_options_t raw_;
};

class GradcheckOptions {
 public:
  GradcheckOptions() noexcept : raw_(tensor_gradcheck_options_default()) {}

  GradcheckOptions& eps(double value) noexcept {
    raw_.eps = value;
    return *this;
  }
  GradcheckOptions& atol(double value) noexcept {
    raw_.atol = value;
    return *this;
  }
  GradcheckOptions& rtol(double value) noexcept {
    raw_.rtol = value;
    return *this;
  }
  GradcheckOptions& nondet_tol(double value) noexcept {
    raw_.nondet_tol = value;
    return *this;
  }
  GradcheckOptions& fast_mode(bool value = true) noexcept {
    raw_.fast_mode = value;
    return *this;
  }
  GradcheckOptions& check_undefined_grad(bool value) noexcept {
    raw_.check_undefined_grad = value;
    return *this;
  }
  const tensor_gradcheck_options_t* raw() const noexcept { return &raw_; }

 private:
  tensor_gradcheck_options_t raw_;
};

}  // namespace autograd

namespace detail {

// A function as the C callback `call` with itself as `user`; keeps what the function throws, which
// must not pass through C.
class Callback {
 public:
  explicit Callback(autograd::Function function) : function_(std::move(function)) {}

  static tensor_status_t call(void* user, tensor_t* const* inputs, size_t input_count,
                              tensor_t** outputs, size_t output_count) {
    Callback& self = *static_cast<Callback*>(user);
    try {
      self.run(inputs, input_count, outputs, output_count);
      return TENSOR_OK;
    } catch (const Error& error) {
      self.error_ = std::current_exception();
      return tensor_set_last_error(error.status(), error.what());
    } catch (const std::exception& error) {
      self.error_ = std::current_exception();
      return tensor_set_last_error(TENSOR_ERROR_INTERNAL, error.what());
    } catch (...) {
      self.error_ = std::current_exception();
      return tensor_set_last_error(TENSOR_ERROR_INTERNAL, "an exception of an unknown type");
    }
  }
  static void destroy(void* user) { delete static_cast<Callback*>(user); }

  // Throws what the function threw, or else what the status says.
  void check(tensor_status_t status) {
    const std::exception_ptr error = error_;
    error_ = nullptr;
    if (error) std::rethrow_exception(error);
    detail::check(status);
  }

 private:
  void run(tensor_t* const* inputs, size_t input_count, tensor_t** outputs, size_t output_count) {
    std::vector<Tensor> given(input_count);
    for (size_t i = 0; i < input_count; ++i) {
      tensor_t* second;
      detail::check(tensor_retain(inputs[i], &second));
      given[i] = Tensor::own(second);
    }
    std::vector<Tensor> results = function_(given);
    if (results.size() != output_count) {
      throw Error(TENSOR_ERROR_INVALID_ARGUMENT,
                  "the function gave " + std::to_string(results.size()) + " tensors, expected " +
                      std::to_string(output_count));
    }
    for (size_t i = 0; i < output_count; ++i) outputs[i] = results[i].release();
  }

  autograd::Function function_;
  std::exception_ptr error_;
};

inline autograd::Function listed(const autograd::UnaryFunction& function) {
  return [function](const std::vector<Tensor>& inputs) {
    return std::vector<Tensor>{function(inputs[0])};
  };
}

using ProductFunction = decltype(tensor_vjp);

inline autograd::Products products(ProductFunction* product_of, const autograd::Function& function,
                                   const std::vector<Tensor>& inputs, const std::vector<Tensor>& v,
                                   size_t output_count, size_t product_count,
                                   const autograd::FunctionalOptions& options) {
  Callback callback(function);
  const std::vector<tensor_t*> in = handles(inputs), vector = handles(v);
  std::vector<tensor_t*> outputs(output_count), results(product_count);
  callback.check(product_of(Callback::call, &callback, in.data(), in.size(),
                            vector.empty() ? nullptr : vector.data(), options.raw(), outputs.data(),
                            output_count, results.data()));
  return {owned(outputs), owned(results)};
}

// tensor_vhp and tensor_hvp with the parameters of the others.
template <decltype(tensor_vhp)* kFunction>
tensor_status_t of_scalar(tensor_callable_t function, void* user, tensor_t* const* inputs,
                          size_t input_count, tensor_t* const* v,
                          const tensor_functional_options_t* options, tensor_t** outputs, size_t,
                          tensor_t** product) {
  return kFunction(function, user, inputs, input_count, v, options, outputs, product);
}

inline autograd::Product single(autograd::Products several) {
  return {std::move(several.first[0]), std::move(several.second[0])};
}

// One tensor as a list, none where it is undefined.
inline std::vector<Tensor> vector_of(const Tensor& v) {
  return v.defined() ? std::vector<Tensor>{v} : std::vector<Tensor>{};
}

}  // namespace detail

namespace autograd {

// ---- products. v: one tensor for each output (vjp) or input (the others), or nothing where that
// is one tensor of one element.

inline Products vjp(const Function& function, const Tensors& inputs, const Tensors& v,
                    size_t output_count = 1,
                    const FunctionalOptions& options = FunctionalOptions()) {
  return detail::products(tensor_vjp, function, inputs, v, output_count, inputs.size(), options);
}
inline Product vjp(const UnaryFunction& function, const Tensor& input, const Tensor& v = Tensor(),
                   const FunctionalOptions& options = FunctionalOptions()) {
  return detail::single(vjp(detail::listed(function), {input}, detail::vector_of(v), 1, options));
}

inline Products jvp(const Function& function, const Tensors& inputs, const Tensors& v,
                    size_t output_count = 1,
                    const FunctionalOptions& options = FunctionalOptions()) {
  return detail::products(tensor_jvp, function, inputs, v, output_count, output_count, options);
}
inline Product jvp(const UnaryFunction& function, const Tensor& input, const Tensor& v = Tensor(),
                   const FunctionalOptions& options = FunctionalOptions()) {
  return detail::single(jvp(detail::listed(function), {input}, detail::vector_of(v), 1, options));
}

inline Products vhp(const Function& function, const Tensors& inputs, const Tensors& v,
                    const FunctionalOptions& options = FunctionalOptions()) {
  return detail::products(detail::of_scalar<tensor_vhp>, function, inputs, v, 1, inputs.size(),
                          options);
}
inline Product vhp(const UnaryFunction& function, const Tensor& input, const Tensor& v = Tensor(),
                   const FunctionalOptions& options = FunctionalOptions()) {
  return detail::single(vhp(detail::listed(function), {input}, detail::vector_of(v), options));
}

inline Products hvp(const Function& function, const Tensors& inputs, const Tensors& v,
                    const FunctionalOptions& options = FunctionalOptions()) {
  return detail::products(detail::of_scalar<tensor_hvp>, function, inputs, v, 1, inputs.size(),
                          options);
}
inline Product hvp(const UnaryFunction& function, const Tensor& input, const Tensor& v = Tensor(),
                   const FunctionalOptions& options = FunctionalOptions()) {
  return detail::single(hvp(detail::listed(function), {input}, detail::vector_of(v), options));
}

// ---- whole matrices

// At [i][j] the derivative of output i with respect to input j, of shape (output's, input's).
inline std::vector<Tensors> jacobian(const Function& function, const Tensors& inputs,
                                     size_t output_count = 1,
                                     const FunctionalOptions& options = FunctionalOptions()) {
  detail::Callback callback(function);
  const std::vector<tensor_t*> in = detail::handles(inputs);
  std::vector<tensor_t*> blocks(output_count * in.size());
  callback.check(tensor_jacobian(detail::Callback::call, &callback, in.data(), in.size(),
                                 options.raw(), output_count, blocks.data()));
  std::vector<Tensors> rows;
  for (size_t i = 0; i < output_count; ++i) {
    const auto begin = blocks.begin() + static_cast<std::ptrdiff_t>(i * in.size());
    rows.push_back(detail::owned({begin, begin + static_cast<std::ptrdiff_t>(in.size())}));
  }
  return rows;
}
inline Tensor jacobian(const UnaryFunction& function, const Tensor& input,
                       const FunctionalOptions& options = FunctionalOptions()) {
  return jacobian(detail::listed(function), Tensors{input}, 1, options)[0][0];
}

// At [i][j] the derivative of (d output / d input i) with respect to input j.
inline std::vector<Tensors> hessian(const Function& function, const Tensors& inputs,
                                    const FunctionalOptions& options = FunctionalOptions()) {
  detail::Callback callback(function);
  const std::vector<tensor_t*> in = detail::handles(inputs);
  std::vector<tensor_t*> blocks(in.size() * in.size());
  callback.check(tensor_hessian(detail::Callback::call, &callback, in.data(), in.size(),
                                options.raw(), blocks.data()));
  std::vector<Tensors> rows;
  for (size_t i = 0; i < in.size(); ++i) {
    const auto begin = blocks.begin() + static_cast<std::ptrdiff_t>(i * in.size());
    rows.push_back(detail::owned({begin, begin + static_cast<std::ptrdiff_t>(in.size())}));
  }
  return rows;
}
inline Tensor hessian(const UnaryFunction& function, const Tensor& input,
                      const FunctionalOptions& options = FunctionalOptions()) {
  return hessian(detail::listed(function), Tensors{input}, options)[0][0];
}

// A vector-Jacobian product that is kept: the function runs once, the product as often as wanted.
class Vjp {
 public:
  Vjp(const Function& function, const Tensors& inputs, size_t output_count = 1) {
    detail::Callback callback(function);
    const std::vector<tensor_t*> in = detail::handles(inputs);
    tensor_vjp_t* handle;
    callback.check(tensor_vjp_new(detail::Callback::call, &callback, in.data(), in.size(),
                                  output_count, &handle));
    handle_.reset(handle);
    input_count_ = in.size();
    output_count_ = output_count;
  }
  Vjp(const UnaryFunction& function, const Tensor& input)
      : Vjp(detail::listed(function), Tensors{input}) {}

  // v^T J, one tensor for each input.
  Tensors operator()(const Tensors& v, bool create_graph = false) const {
    const std::vector<tensor_t*> vector = detail::handles(v);
    if (!vector.empty() && vector.size() != output_count_) {
      throw Error(TENSOR_ERROR_INVALID_ARGUMENT, "Vjp: one tensor is needed for each output");
    }
    std::vector<tensor_t*> results(input_count_);
    detail::check(tensor_vjp_run(handle_.get(), vector.empty() ? nullptr : vector.data(),
                                 create_graph, results.data()));
    return detail::owned(results);
  }
  // With their history.
  Tensor output(size_t index = 0) const { return read(tensor_vjp_output, index); }
  Tensor input(size_t index = 0) const { return read(tensor_vjp_input, index); }

 private:
  Tensor read(decltype(tensor_vjp_output)* function, size_t index) const {
    tensor_t* out;
    detail::check(function(handle_.get(), index, &out));
    return Tensor::own(out);
  }
  struct Release {
    void operator()(tensor_vjp_t* handle) const { tensor_vjp_release(handle); }
  };

  std::unique_ptr<tensor_vjp_t, Release> handle_;
  size_t input_count_, output_count_;
};

// ---- checkpoints

// function(inputs), whose nodes keep nothing for backward: the function runs again there, with the
// random numbers of its first run, unless preserve_rng_state is false. What it throws becomes a
// tensor::Error: of this call, or of backward.
inline Tensors checkpoint(const Function& function, const Tensors& inputs, size_t output_count = 1,
                          bool preserve_rng_state = true) {
  std::unique_ptr<detail::Callback> callback(new detail::Callback(function));
  const std::vector<tensor_t*> in = detail::handles(inputs);
  std::vector<tensor_t*> outputs(output_count);
  tensor_checkpoint_options_t options = tensor_checkpoint_options_default();
  options.preserve_rng_state = preserve_rng_state;
  detail::check(tensor_checkpoint(detail::Callback::call, callback.release(),
                                  detail::Callback::destroy, in.data(), in.size(), &options,
                                  outputs.data(), output_count));
  return detail::owned(outputs);
}
inline Tensor checkpoint(const UnaryFunction& function, const Tensor& input,
                         bool preserve_rng_state = true) {
  return checkpoint(detail::listed(function), Tensors{input}, 1, preserve_rng_state)[0];
}

// ---- checks. They throw an Error with TENSOR_ERROR_GRADCHECK, and both Jacobians in its text,
// where backward is not what differences say.

inline void gradcheck(const Function& function, const Tensors& inputs, size_t output_count = 1,
                      const GradcheckOptions& options = GradcheckOptions()) {
  detail::Callback callback(function);
  const std::vector<tensor_t*> in = detail::handles(inputs);
  callback.check(tensor_gradcheck(detail::Callback::call, &callback, in.data(), in.size(),
                                  output_count, options.raw()));
}
inline void gradgradcheck(const Function& function, const Tensors& inputs, size_t output_count = 1,
                          const GradcheckOptions& options = GradcheckOptions()) {
  detail::Callback callback(function);
  const std::vector<tensor_t*> in = detail::handles(inputs);
  callback.check(tensor_gradgradcheck(detail::Callback::call, &callback, in.data(), in.size(),
                                      output_count, nullptr, 0, options.raw()));
}

}  // namespace autograd
}  // namespace tensor

#endif  // TENSOR_CPP_FUNCTIONAL_HPP
