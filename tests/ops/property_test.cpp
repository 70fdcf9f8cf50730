// Random programs of views, in-place changes, pointwise operations and reductions against the plain
// model.
#include <random>

#include "support/model.h"
#include "support/refusal.h"

namespace test {
namespace {

struct Pair {
  Owned tensor;
  Model model;
};

using Binary = double (*)(double, double);
struct Operation {
  tensor_status_t (*function)(const tensor_t*, const tensor_t*, tensor_t**);
  tensor_status_t (*in_place)(tensor_t*, const tensor_t*);  // may be null
  tensor_status_t (*out)(const tensor_t*, const tensor_t*, tensor_t*);
  Binary model;
};
const Operation kOperations[] = {
    {tensor_add, tensor_add_, tensor_add_out, [](double a, double b) { return a + b; }},
    {tensor_sub, tensor_sub_, tensor_sub_out, [](double a, double b) { return a - b; }},
    {tensor_mul, tensor_mul_, tensor_mul_out, [](double a, double b) { return a * b; }},
    {tensor_maximum, nullptr, tensor_maximum_out,
     [](double a, double b) { return std::max(a, b); }},
    {tensor_minimum, nullptr, tensor_minimum_out,
     [](double a, double b) { return std::min(a, b); }},
};

bool is_floating(tensor_dtype_t dtype) { return dtype >= TENSOR_FLOAT16; }

// The dtype of an operation on both: dims count more than none, as long as the category stays.
tensor_dtype_t result_dtype(const Model& a, const Model& b) {
  tensor_dtype_t both = 0;
  EXPECT_EQ(tensor_promote_types(a.dtype, b.dtype, &both), TENSOR_OK);
  if ((a.ndim() == 0) == (b.ndim() == 0)) return both;
  const Model& higher = a.ndim() > 0 ? a : b;
  const Model& lower = a.ndim() > 0 ? b : a;
  return is_floating(higher.dtype) || !is_floating(lower.dtype) ? higher.dtype : both;
}

class Program {
 public:
  explicit Program(uint32_t seed) : random_(seed) {}

  void step() {
    if (pool_.size() < 3) make();
    switch (below(10)) {
      case 0:
        make();
        break;
      case 1:
      case 2:
      case 3:
        view();
        break;
      case 4:
      case 5:
        change_in_place();
        break;
      case 6:
        combine();
        break;
      case 7:
        combine_in_place();
        break;
      case 8:
        reduce();
        break;
      default:
        drop();
    }
    while (pool_.size() > 12) drop();
  }

  // Every tensor is what its model says.
  void check() const {
    for (const Pair& pair : pool_) check(pair);
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }
  Pair& pick() { return pool_[static_cast<size_t>(below(static_cast<int>(pool_.size())))]; }

  static void check(const Pair& pair) {
    ASSERT_EQ(shape(pair.tensor), pair.model.shape);
    ASSERT_EQ(dtype(pair.tensor), pair.model.dtype);
    ASSERT_EQ(values(pair.tensor), pair.model.values());
    ASSERT_EQ(version(pair.tensor), pair.model.memory->version);
  }
  // Values stay small, so that every dtype holds them and their sums exactly.
  void keep(Owned tensor, Model model) {
    Pair pair{std::move(tensor), std::move(model)};
    check(pair);
    if (is_small(pair.model)) pool_.push_back(std::move(pair));
  }
  static bool is_small(const Model& model) {
    for (size_t i = 0; i < model.numel(); ++i) {
      if (std::fabs(model.at(i)) > 500) return false;
    }
    return true;
  }
  static void changed(Pair& pair) {
    ++pair.model.memory->version;
    check(pair);
    if (is_small(pair.model)) return;
    ASSERT_EQ(tensor_zero_(pair.tensor), TENSOR_OK);
    for (size_t i = 0; i < pair.model.numel(); ++i) pair.model.set(i, 0);
    ++pair.model.memory->version;
  }
  void drop() { pool_.erase(pool_.begin() + below(static_cast<int>(pool_.size()))); }

  void make() {
    Shape shape(static_cast<size_t>(below(4)));
    for (int64_t& size : shape) size = below(12) ? 1 + below(4) : 0;
    size_t count = 1;
    for (int64_t size : shape) count *= static_cast<size_t>(size);
    std::vector<double> elements(count);
    for (double& element : elements) element = below(20) - 5;
    constexpr tensor_dtype_t kDTypes[] = {TENSOR_UINT8, TENSOR_INT32, TENSOR_INT64, TENSOR_FLOAT32,
                                          TENSOR_FLOAT64};
    Model model = Model::fresh(kDTypes[below(5)], shape, elements);
    const tensor_options_t as = options(model.dtype);
    Owned wide = from(model.values(), shape);
    Owned tensor = call(tensor_to, wide, &as);
    keep(std::move(tensor), std::move(model));
  }

  void view() {
    const Pair& from = pick();
    const Model& model = from.model;
    const int ndim = model.ndim();
    const int dim = ndim ? below(ndim) : 0, other = ndim ? below(ndim) : 0;
    Shape shape = model.shape;
    switch (ndim == 0 ? 4 + below(2) : below(7)) {
      case 0: {
        std::swap(shape[dim], shape[other]);
        return keep(call(tensor_transpose, from.tensor, dim, other - ndim),
                    model.view(shape, [&](Shape index) {
                      std::swap(index[dim], index[other]);
                      return index;
                    }));
      }
      case 1: {
        if (shape[dim] == 0) return;
        const int64_t index = below(static_cast<int>(shape[dim]));
        shape.erase(shape.begin() + dim);
        return keep(call(tensor_select, from.tensor, dim, index), model.view(shape, [&](Shape at) {
          at.insert(at.begin() + dim, index);
          return at;
        }));
      }
      case 2: {
        const int64_t size = shape[dim], start = below(6) - 1, end = below(7) - 1,
                      step = 1 + below(3);
        const auto bound = [size](int64_t v) {
          return std::clamp<int64_t>(v < 0 ? v + size : v, 0, size);
        };
        const int64_t first = bound(start), last = std::max(first, bound(end));
        shape[dim] = (last - first + step - 1) / step;
        return keep(call(tensor_slice, from.tensor, dim, start, end, step),
                    model.view(shape, [&](Shape at) {
                      at[dim] = first + at[dim] * step;
                      return at;
                    }));
      }
      case 3: {
        if (ndim < 2) return;
        Shape order(shape.size());
        for (size_t d = 0; d < order.size(); ++d) order[d] = static_cast<int64_t>(d);
        std::shuffle(order.begin(), order.end(), random_);
        for (size_t d = 0; d < order.size(); ++d) shape[d] = model.shape[order[d]];
        return keep(call(tensor_permute, from.tensor, order.data(), order.size()),
                    model.view(shape, [&](const Shape& at) {
                      Shape source(at.size());
                      for (size_t d = 0; d < order.size(); ++d) source[order[d]] = at[d];
                      return source;
                    }));
      }
      case 4: {
        const int at = below(ndim + 1);
        shape.insert(shape.begin() + at, 1);
        return keep(call(tensor_unsqueeze, from.tensor, at), model.view(shape, [&](Shape index) {
          index.erase(index.begin() + at);
          return index;
        }));
      }
      case 5: {
        for (int64_t& size : shape) {
          if (size == 1 && below(2)) size = 1 + below(3);
        }
        if (below(2) && ndim < 4) shape.insert(shape.begin(), 2);
        return keep(call(tensor_expand, from.tensor, shape.data(), shape.size()),
                    expanded(model, shape));
      }
      default:
        return regroup(from);
    }
  }

  // view of the same elements as a vector, or with two dims joined: it works, or says why not.
  void regroup(const Pair& from) {
    const Model& model = from.model;
    Shape shape = {static_cast<int64_t>(model.numel())};
    if (model.ndim() >= 2 && below(2)) {
      const int dim = below(model.ndim() - 1);
      shape = model.shape;
      shape[dim] *= shape[dim + 1];
      shape.erase(shape.begin() + dim + 1);
    }
    tensor_t* out = nullptr;
    if (tensor_view(from.tensor, shape.data(), shape.size(), &out) == TENSOR_OK) {
      Model same = model;
      same.shape = shape;
      return keep(Owned(out), std::move(same));
    }
    bool contiguous = true;
    ASSERT_EQ(tensor_is_contiguous(from.tensor, &contiguous), TENSOR_OK);
    ASSERT_FALSE(contiguous) << "a contiguous tensor can be seen in any shape";
    keep(call(tensor_reshape, from.tensor, shape.data(), shape.size()),
         Model::fresh(model.dtype, shape, model.values()));
  }

  void change_in_place() {
    Pair& self = pick();
    const int by = below(7) - 3;
    const int which = below(5);
    const auto change = [&] {
      switch (which) {
        case 0:
          return tensor_fill_(self.tensor, integer(by));
        case 1:
          return tensor_add_scalar_(self.tensor, integer(by));
        case 2:
          return tensor_mul_scalar_(self.tensor, integer(by));
        case 3:
          return tensor_neg_(self.tensor);
        default:
          return tensor_zero_(self.tensor);
      }
    };
    // Elements that share a place would be changed more than once; to set all to one value is fine.
    const bool sets = which == 0 || which == 4;
    if (!sets && !self.model.is_unique()) {
      return expect_status(TENSOR_ERROR_INVALID_ARGUMENT, change);
    }
    ASSERT_EQ(change(), TENSOR_OK) << tensor_last_error();
    for (size_t i = 0; i < self.model.numel(); ++i) {
      const double old = self.model.at(i);
      const double results[] = {1.0 * by, old + by, old * by, -old, 0};
      self.model.set(i, results[which]);
    }
    changed(self);
  }

  void combine() {
    const Pair &a = pick(), &b = pick();
    const Operation& operation = kOperations[below(5)];
    const std::optional<Shape> shape = broadcast(a.model.shape, b.model.shape);
    tensor_t* out = unwritten();
    if (!shape) {
      ASSERT_EQ(operation.function(a.tensor, b.tensor, &out), TENSOR_ERROR_INVALID_ARGUMENT);
      ASSERT_EQ(out, unwritten());
      return;
    }
    const Model left = expanded(a.model, *shape), right = expanded(b.model, *shape);
    const tensor_dtype_t type = result_dtype(a.model, b.model);
    std::vector<double> results;
    for (size_t i = 0; i < left.numel(); ++i) {
      results.push_back(operation.model(kept(type, left.at(i)), kept(type, right.at(i))));
    }
    Model model = Model::fresh(type, *shape, results);
    if (below(3)) return keep(call(operation.function, a.tensor, b.tensor), std::move(model));
    Owned into = filled({below(5)}, 0, type);  // grows or shrinks to the result
    ASSERT_EQ(operation.out(a.tensor, b.tensor, into), TENSOR_OK) << tensor_last_error();
    model.memory->version = version(into);
    keep(std::move(into), std::move(model));
  }

  void combine_in_place() {
    Pair &self = pick(), &other = pick();
    const Operation& operation = kOperations[below(3)];
    const bool copies = below(4) == 0;
    const std::optional<Shape> shape = broadcast(self.model.shape, other.model.shape);
    const tensor_dtype_t type = copies ? self.model.dtype : result_dtype(self.model, other.model);
    // What shares memory goes through a copy: an overlap may be refused, or is the caller's.
    const Owned operand = self.model.memory == other.model.memory
                              ? call(tensor_clone, other.tensor)
                              : call(tensor_retain, static_cast<tensor_t*>(other.tensor));
    const auto change = [&] {
      return copies ? tensor_copy_(self.tensor, operand) : operation.in_place(self.tensor, operand);
    };
    const bool fits = shape && *shape == self.model.shape && self.model.is_unique() &&
                      (is_floating(self.model.dtype) || !is_floating(type));
    if (!fits) {
      expect_status(TENSOR_ERROR_INVALID_ARGUMENT, change);
      return check(self);
    }
    ASSERT_EQ(change(), TENSOR_OK) << tensor_last_error();
    const std::vector<double> right = expanded(other.model, *shape).values();
    for (size_t i = 0; i < right.size(); ++i) {
      const double value = kept(type, right[i]);
      self.model.set(i, copies ? value : operation.model(kept(type, self.model.at(i)), value));
    }
    changed(self);
  }

  void reduce() {
    const Pair& from = pick();
    const Model& model = from.model;
    const bool takes_max = below(2), keepdim = below(2);
    Shape dims, shape;
    std::vector<bool> reduced(model.shape.size(), true);
    for (int d = 0; d < model.ndim(); ++d) {
      if ((reduced[d] = below(2))) dims.push_back(below(2) ? d : d - model.ndim());
    }
    if (dims.empty()) reduced.assign(reduced.size(), true);
    for (int d = 0; d < model.ndim(); ++d) {
      if (!reduced[d])
        shape.push_back(model.shape[d]);
      else if (keepdim)
        shape.push_back(1);
    }
    if (takes_max) {
      for (int d = 0; d < model.ndim(); ++d) {
        if (reduced[d] && model.shape[d] == 0) return;
      }
    }
    const tensor_dtype_t type = takes_max || is_floating(model.dtype) ? model.dtype : TENSOR_INT64;
    size_t count = 1;
    for (int64_t size : shape) count *= static_cast<size_t>(size);
    Model result = Model::fresh(type, shape, std::vector<double>(count, takes_max ? -INFINITY : 0));
    if (takes_max)
      std::fill(result.memory->elements.begin(), result.memory->elements.end(), -INFINITY);
    size_t i = 0;
    Model::for_each_index(model.shape, [&](const Shape& index) {
      Shape target;
      for (int d = 0; d < model.ndim(); ++d) {
        if (!reduced[d])
          target.push_back(index[d]);
        else if (keepdim)
          target.push_back(0);
      }
      double& sum = result.memory->elements[Model::position(shape, target)];
      sum = takes_max ? std::max(sum, model.at(i)) : sum + model.at(i);
      ++i;
    });
    using Options = tensor_amax_options_t;
    const auto options = With(&Options::dim, dims.data())
                             .add(&Options::dim_count, dims.size())
                             .add(&Options::keepdim, keepdim);
    keep(takes_max ? call(tensor_amax, from.tensor, options)
                   : call(tensor_sum_dim, from.tensor, dims.data(), dims.size(), keepdim),
         std::move(result));
  }

  std::mt19937 random_;
  std::vector<Pair> pool_;
};

class RandomProgram : public TensorTest, public testing::WithParamInterface<uint32_t> {};

TEST_P(RandomProgram, EqualsTheModelAtEveryStep) {
  Program program(GetParam());
  for (int step = 0; step < 1000 && !HasFailure(); ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    program.step();
    program.check();
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomProgram, testing::Range(1u, 101u));

}  // namespace
}  // namespace test
