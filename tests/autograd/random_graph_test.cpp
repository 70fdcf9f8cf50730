// Random graphs of views, in-place changes and pointwise operations. The reference knows no
// tensors: every element in memory is a number on a tape, a view is another way to the same
// numbers, and an in-place change puts new numbers in their place.
#include <random>

#include "support/gradients.h"
#include "support/model.h"
#include "support/scalar_tape.h"

namespace test {
namespace {

struct Unary {
  tensor_status_t (*function)(const tensor_t*, tensor_t**);
  tensor_status_t (*in_place)(tensor_t*);
  double (*value)(double);
  double (*slope)(double);
  bool saves;
};
const Unary kUnary[] = {
    {tensor_neg, tensor_neg_, [](double x) { return -x; }, [](double) { return -1.0; }, false},
    {tensor_tanh, tensor_tanh_, [](double x) { return std::tanh(x); },
     [](double x) { return 1 - std::tanh(x) * std::tanh(x); }, true},
    {tensor_sigmoid, tensor_sigmoid_, [](double x) { return 1 / (1 + std::exp(-x)); },
     [](double x) { return std::exp(-x) / ((1 + std::exp(-x)) * (1 + std::exp(-x))); }, true},
    {tensor_relu, tensor_relu_, [](double x) { return x > 0 ? x : 0.0; },
     [](double x) { return x > 0 ? 1.0 : 0.0; }, true},
};

struct Binary {
  tensor_status_t (*function)(const tensor_t*, const tensor_t*, tensor_t**);
  tensor_status_t (*in_place)(tensor_t*, const tensor_t*);
  double (*value)(double, double);
  double (*by_a)(double, double);
  double (*by_b)(double, double);
  bool saves;
};
const Binary kBinary[] = {
    {tensor_add, tensor_add_, [](double a, double b) { return a + b; },
     [](double, double) { return 1.0; }, [](double, double) { return 1.0; }, false},
    {tensor_sub, tensor_sub_, [](double a, double b) { return a - b; },
     [](double, double) { return 1.0; }, [](double, double) { return -1.0; }, false},
    {tensor_mul, tensor_mul_, [](double a, double b) { return a * b; },
     [](double, double b) { return b; }, [](double a, double) { return a; }, true},
    {nullptr, tensor_copy_, [](double, double b) { return b; }, [](double, double) { return 0.0; },
     [](double, double) { return 1.0; }, false},
};

// The elements of the model are places on the tape.
struct Pair {
  Owned tensor;
  Model model;
};

class Graph {
 public:
  explicit Graph(uint32_t seed) : random_(seed) {
    for (int i = 0; i < 3; ++i) add_leaf();
  }

  void step() {
    switch (below(9)) {
      case 0:
        return add_constant();
      case 1:
      case 2:
      case 3:
        return view();
      case 4:
        return unary();
      case 5:
      case 6:
        return binary();
      case 7:
        return unary_in_place();
      default:
        return binary_in_place();
    }
  }

  // Runs backward from a weighted sum of some tensors, and compares. False where autograd refused,
  // because a tensor that it saved was changed: which must be true then.
  bool check() {
    std::vector<std::pair<size_t, double>> roots;
    const Owned loss = make_loss(roots);
    if (!requires_grad(loss)) return true;
    Handles inputs(leaves_.begin(), leaves_.end());
    tensor_backward_options_t options = tensor_backward_options_default();
    options.allow_unused = options.retain_graph = true;
    Handles found(inputs.size(), nullptr);
    tensor_t* output = loss;
    if (tensor_autograd_grad(&output, 1, inputs.data(), inputs.size(), nullptr, &options,
                             found.data()) != TENSOR_OK) {
      EXPECT_NE(std::string(tensor_last_error()).find("modified by an inplace operation"),
                std::string::npos)
          << tensor_last_error();
      EXPECT_TRUE(is_stale()) << "nothing that was saved has changed";
      return false;
    }
    const std::vector<double> expected = tape_.gradients(roots);
    for (size_t i = 0; i < found.size(); ++i) {
      const Owned actual(found[i]);
      const Values values_found = actual ? values(actual) : Values(leaf_entries_[i].size(), 0.0);
      for (size_t n = 0; n < values_found.size(); ++n) {
        const double wanted = expected[leaf_entries_[i][n]];
        EXPECT_NEAR(values_found[n], wanted, 1e-9 * std::max(1.0, std::fabs(wanted)))
            << "leaf " << i << ", element " << n;
      }
    }
    expect_same_again(loss, inputs);
    return true;
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }
  double fraction() { return below(2001) / 1000.0 - 1; }
  Pair& pick() { return pool_[static_cast<size_t>(below(static_cast<int>(pool_.size())))]; }
  double value(const Model& model, size_t i) const { return tape_.value(entry(model, i)); }
  static size_t entry(const Model& model, size_t i) { return static_cast<size_t>(model.at(i)); }

  void keep(Owned tensor, Model model) {
    pool_.push_back({std::move(tensor), std::move(model)});
    const Pair& pair = pool_.back();
    const Values actual = values(pair.tensor);
    for (size_t i = 0; i < actual.size(); ++i) {
      ASSERT_NEAR(actual[i], value(pair.model, i), 1e-9 * std::max(1.0, std::fabs(actual[i])));
    }
    // Small values stay comparable.
    for (double element : actual) {
      if (std::fabs(element) > 100) return pool_.pop_back();
    }
    if (pool_.size() > 10) pool_.erase(pool_.begin() + below(10));
  }
  Model fresh(const Shape& shape, const std::vector<size_t>& entries) const {
    return Model::fresh(TENSOR_FLOAT64, shape, {entries.begin(), entries.end()});
  }
  void saves(const Model& model) { saved_.push_back({model.memory, model.memory->version}); }
  bool is_stale() const {
    for (const auto& [memory, version] : saved_) {
      if (memory->version != version) return true;
    }
    return false;
  }

  std::pair<Values, std::vector<size_t>> elements(size_t count) {
    Values numbers;
    std::vector<size_t> entries;
    for (size_t i = 0; i < count; ++i) {
      numbers.push_back(fraction());
      entries.push_back(tape_.constant(numbers.back()));
    }
    return {numbers, entries};
  }
  void add_leaf() {
    const Shape shape{2, 3};
    auto [numbers, entries] = elements(6);
    leaves_.push_back(leaf(numbers, shape));
    leaf_entries_.push_back(entries);
    // A leaf itself cannot be changed in place: what the graph begins with is a copy.
    keep(call(tensor_clone, leaves_.back()), fresh(shape, entries));
  }
  void add_constant() {
    const Shape shape = below(2) ? Shape{2, 3} : Shape{3};
    auto [numbers, entries] = elements(shape.size() == 2 ? 6 : 3);
    keep(plain(numbers, shape), fresh(shape, entries));
  }

  void view() {
    const Pair& from = pick();
    const Model& model = from.model;
    const int ndim = model.ndim();
    if (ndim == 0) return;
    const int dim = below(ndim);
    Shape shape = model.shape;
    switch (below(5)) {
      case 0: {
        const int64_t index = below(static_cast<int>(shape[dim]));
        shape.erase(shape.begin() + dim);
        return keep(call(tensor_select, from.tensor, dim, index), model.view(shape, [&](Shape at) {
          at.insert(at.begin() + dim, index);
          return at;
        }));
      }
      case 1: {
        const int64_t first = below(static_cast<int>(shape[dim])), step = 1 + below(2);
        const int64_t end = shape[dim];
        shape[dim] = (end - first + step - 1) / step;
        return keep(call(tensor_slice, from.tensor, dim, first, end, step),
                    model.view(shape, [&](Shape at) {
                      at[dim] = first + at[dim] * step;
                      return at;
                    }));
      }
      case 2: {
        const int other = below(ndim);
        std::swap(shape[dim], shape[other]);
        return keep(call(tensor_transpose, from.tensor, dim, other),
                    model.view(shape, [&](Shape at) {
                      std::swap(at[dim], at[other]);
                      return at;
                    }));
      }
      case 3: {
        if (ndim > 2) return;
        shape.insert(shape.begin() + dim, 1);
        return keep(call(tensor_unsqueeze, from.tensor, dim), model.view(shape, [&](Shape at) {
          at.erase(at.begin() + dim);
          return at;
        }));
      }
      default: {
        if (ndim > 2) return;
        shape.insert(shape.begin(), 2);
        return keep(call(tensor_expand, from.tensor, shape.data(), shape.size()),
                    expanded(model, shape));
      }
    }
  }

  std::vector<size_t> apply(const Unary& op, const Model& model) {
    std::vector<size_t> entries;
    for (size_t i = 0; i < model.numel(); ++i) {
      const double x = value(model, i);
      entries.push_back(tape_.unary(entry(model, i), op.value(x), op.slope(x)));
    }
    return entries;
  }
  std::vector<size_t> apply(const Binary& op, const Model& left, const Model& right) {
    std::vector<size_t> entries;
    for (size_t i = 0; i < left.numel(); ++i) {
      const double a = value(left, i), b = value(right, i);
      entries.push_back(tape_.binary(entry(left, i), entry(right, i), op.value(a, b), op.by_a(a, b),
                                     op.by_b(a, b)));
    }
    return entries;
  }

  void unary() {
    const Unary& op = kUnary[below(4)];
    const Pair& from = pick();
    Model model = fresh(from.model.shape, apply(op, from.model));
    if (op.saves) saves(from.model), saves(model);
    keep(call(op.function, from.tensor), std::move(model));
  }
  void binary() {
    const Binary& op = kBinary[below(3)];
    const Pair &a = pick(), &b = pick();
    const std::optional<Shape> shape = broadcast(a.model.shape, b.model.shape);
    if (!shape) return;
    const std::vector<size_t> entries =
        apply(op, expanded(a.model, *shape), expanded(b.model, *shape));
    if (op.saves) saves(a.model), saves(b.model);
    keep(call(op.function, a.tensor, b.tensor), fresh(*shape, entries));
  }

  void put(const Pair& self, const std::vector<size_t>& entries) {
    Model model = self.model;
    for (size_t i = 0; i < entries.size(); ++i) {
      model.set(i, static_cast<double>(entries[i]));
    }
    ++model.memory->version;
  }
  void unary_in_place() {
    const Unary& op = kUnary[below(4)];
    const Pair& self = pick();
    if (!self.model.is_unique()) return;
    OK(op.in_place(self.tensor));
    put(self, apply(op, self.model));
    if (op.saves) saves(self.model);
  }
  void binary_in_place() {
    const Binary& op = kBinary[below(4)];
    const Pair &self = pick(), &other = pick();
    const std::optional<Shape> shape = broadcast(self.model.shape, other.model.shape);
    if (!shape || *shape != self.model.shape || !self.model.is_unique()) return;
    const bool overlaps = self.model.memory == other.model.memory;
    const Owned copy = overlaps ? call(tensor_clone, other.tensor) : Owned();
    OK(op.in_place(self.tensor, overlaps ? copy : other.tensor));
    put(self, apply(op, self.model, expanded(other.model, *shape)));
    if (op.saves && !overlaps) saves(other.model);
  }

  Owned make_loss(std::vector<std::pair<size_t, double>>& roots) {
    Owned loss = plain({0}, {});
    for (const Pair& pair : pool_) {
      if (below(3) == 0) continue;
      Values weights;
      for (size_t i = 0; i < pair.model.numel(); ++i) {
        weights.push_back(fraction());
        roots.push_back({entry(pair.model, i), weights.back()});
      }
      const Owned weighted = call(tensor_mul, pair.tensor, plain(weights, pair.model.shape));
      loss = call(tensor_add, loss, call(tensor_sum, weighted));
    }
    return loss;
  }

  // A second pass over the retained graph gives the same bits, and backward adds them to grad.
  static void expect_same_again(tensor_t* loss, const Handles& inputs) {
    tensor_backward_options_t options = tensor_backward_options_default();
    options.allow_unused = options.retain_graph = true;
    const std::vector<Owned> again = gradients({loss}, inputs, &options);
    OK(tensor_backward(loss));
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Owned accumulated = grad(inputs[i]);
      ASSERT_EQ(static_cast<bool>(accumulated), static_cast<bool>(again[i]));
      if (again[i]) {
        EXPECT_EQ(values(accumulated), values(again[i]));
      }
    }
  }

  std::mt19937 random_;
  ScalarTape tape_;
  std::vector<Owned> leaves_;
  std::vector<std::vector<size_t>> leaf_entries_;
  std::vector<Pair> pool_;
  std::vector<std::pair<std::shared_ptr<Memory>, uint32_t>> saved_;
};

class RandomGraph : public TensorTest, public testing::WithParamInterface<uint32_t> {};

TEST_P(RandomGraph, GradientsEqualThoseOfTheTape) {
  int compared = 0;
  for (uint32_t part = 0; part < 20 && !HasFailure(); ++part) {
    SCOPED_TRACE("part " + std::to_string(part));
    Graph graph(GetParam() * 1000 + part);
    const int steps = 4 + static_cast<int>(part) * 3;
    for (int i = 0; i < steps && !HasFailure(); ++i) graph.step();
    if (!HasFailure()) compared += graph.check();
  }
  EXPECT_GE(compared, 4) << "nearly all graphs were refused";
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomGraph, testing::Range(1u, 51u));

}  // namespace
}  // namespace test
