// Saved-tensor hooks: what a network keeps for backward, in half precision or on disk. See
// offload.c.
#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <vector>

#include "tensor/tensor.hpp"

using tensor::Tensor;
using tensor::autograd::SavedTensorsHooks;

namespace {

constexpr int kLayers = 6, kWidth = 256, kBatch = 128;

enum class Way { AsItIs, InHalf, OnDisk };

// Counts bytes as long as it lives.
class Counted {
 public:
  Counted(int64_t& total, int64_t bytes) : total_(&total), bytes_(bytes) { total += bytes; }
  ~Counted() { *total_ -= bytes_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  int64_t* total_;
  int64_t bytes_;
};

// One tensor that a node has saved: itself, or where it lies on disk.
struct Packed {
  Tensor tensor;
  std::shared_ptr<std::FILE> file;  // a temporary one, which goes when it is closed
  std::vector<int64_t> shape;
  std::shared_ptr<Counted> counted;
};

struct Store {
  Way way;
  int64_t in_memory, on_disk;

  Packed pack(const Tensor& t) {
    Packed packed;
    packed.shape = t.shape();
    if (t.is_leaf() && t.requires_grad()) {
      packed.tensor = t;  // the program keeps its parameters anyway
    } else if (way == Way::AsItIs) {
      packed.tensor = t.detach();
      packed.counted = std::make_shared<Counted>(in_memory, t.numel() * 4);
    } else if (way == Way::InHalf) {
      packed.tensor = t.to(tensor::kFloat16);
      packed.counted = std::make_shared<Counted>(in_memory, t.numel() * 2);
    } else {
      const std::vector<float> elements = t.to_vector<float>();
      packed.file.reset(std::tmpfile(), [](std::FILE* file) { return file && std::fclose(file); });
      if (!packed.file || std::fwrite(elements.data(), sizeof(float), elements.size(),
                                      packed.file.get()) != elements.size()) {
        throw std::runtime_error("cannot write a temporary file");
      }
      packed.counted = std::make_shared<Counted>(on_disk, t.numel() * 4);
    }
    return packed;
  }

  static Tensor unpack(const Packed& packed) {
    if (!packed.file) return packed.tensor.to(tensor::kFloat32);
    Tensor t = tensor::empty(packed.shape);
    const size_t count = static_cast<size_t>(t.numel());
    std::rewind(packed.file.get());
    if (std::fread(t.data<float>(), sizeof(float), count, packed.file.get()) != count) {
      throw std::runtime_error("cannot read a temporary file");
    }
    return t;
  }
};

// The mean square of what comes out of the last layer.
Tensor run(const std::vector<Tensor>& weights, Tensor x) {
  for (const Tensor& weight : weights) x = x.matmul(weight).tanh();
  return (x * x).mean();
}

void print_step(const char* name, Way way, std::vector<Tensor>& weights, const Tensor& x,
                std::vector<Tensor>& expected) {
  Store store = {way, 0, 0};
  Tensor loss;
  {
    const SavedTensorsHooks<Packed> hooks([&](const Tensor& t) { return store.pack(t); },
                                          Store::unpack);
    loss = run(weights, x);
  }
  const long long in_memory = store.in_memory, on_disk = store.on_disk;
  loss.backward();
  double largest = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (way == Way::AsItIs) expected.push_back(weights[i].grad());
    const double apart = (weights[i].grad() - expected[i]).abs().max().item<double>();
    largest = std::fmax(largest, apart);
    weights[i].set_grad(Tensor());
  }
  std::printf("%-18s %7lld bytes in memory, %7lld on disk, gradients differ by %.0e\n", name,
              in_memory, on_disk, largest);
}

}  // namespace

int main() {
  tensor::manual_seed(0);
  std::vector<Tensor> weights, expected;
  for (int i = 0; i < kLayers; ++i) {
    weights.push_back(tensor::randn({kWidth, kWidth}) * (1 / std::sqrt(kWidth)));
    weights.back().requires_grad_();
  }
  const Tensor x = tensor::randn({kBatch, kWidth});
  print_step("as it is", Way::AsItIs, weights, x, expected);
  print_step("in half precision", Way::InHalf, weights, x, expected);
  print_step("on disk", Way::OnDisk, weights, x, expected);
}
