// Trains a small network to read handwritten digits: digits.c through the C++ wrapper.
//
// usage: digits_cpp [epochs]
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tensor/tensor.hpp"

#ifndef DIGITS_DATA
#define DIGITS_DATA "examples/digits/data/digits.gz"
#endif

using tensor::Tensor;

namespace {

constexpr int64_t kImages = 1797, kPixels = 64, kHidden = 128, kClasses = 10;
constexpr int64_t kHeldOut = 360;  // 20 %
constexpr int64_t kTrained = kImages - kHeldOut;
constexpr int64_t kBatch = 32;
constexpr double kLearningRate = 0.1;

// Fisher-Yates over a 64-bit linear congruential generator: easy to repeat in any language.
class Shuffler {
 public:
  explicit Shuffler(uint64_t seed) : state_(seed) {}

  void shuffle(std::vector<int64_t>& values) {
    for (size_t i = values.size() - 1; i > 0; --i) std::swap(values[i], values[below(i + 1)]);
  }

 private:
  size_t below(size_t bound) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>((state_ >> 33) % bound);
  }

  uint64_t state_;
};

std::vector<int64_t> count_up(int64_t count) {
  std::vector<int64_t> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

struct Samples {
  Tensor images, labels;

  Samples narrow(int64_t start, int64_t length) const {
    return {images.narrow(0, start, length), labels.narrow(0, start, length)};
  }
  Samples pick(const Tensor& index) const {
    return {images.index_select(0, index), labels.index_select(0, index)};
  }
};

// All images, [1797, 64] from 0 to 1, and their labels, in the shuffler's order.
Samples load(Shuffler& shuffler) {
  std::vector<uint8_t> bytes(kImages * (kPixels + 1));
  gzFile file = gzopen(DIGITS_DATA, "rb");
  const int size = static_cast<int>(bytes.size());
  const bool complete = file && gzread(file, bytes.data(), static_cast<unsigned>(size)) == size;
  if (file) gzclose(file);
  if (!complete) throw std::runtime_error("cannot read " DIGITS_DATA);

  std::vector<int64_t> order = count_up(kImages);
  shuffler.shuffle(order);
  Tensor records =
      Tensor::from_data(bytes, {kImages, kPixels + 1}).index_select(0, Tensor::from_data(order));
  return {records.narrow(1, 0, kPixels).to(tensor::kFloat32) / 16,
          records.select(1, kPixels).to(tensor::kInt64)};
}

class Network {
 public:
  Network() {
    tensor::manual_seed(0);
    weight1_ = tensor::randn({kPixels, kHidden}) * std::sqrt(2.0 / kPixels);
    bias1_ = tensor::zeros({kHidden});
    weight2_ = tensor::randn({kHidden, kClasses}) * std::sqrt(2.0 / kHidden);
    bias2_ = tensor::zeros({kClasses});
    for (Tensor* parameter : parameters_) parameter->requires_grad_();
  }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  Tensor operator()(const Tensor& images) const {
    Tensor hidden = (images.matmul(weight1_) + bias1_).relu();
    return hidden.matmul(weight2_) + bias2_;
  }

  // One step down the gradient; the loss before it.
  double train(const Samples& batch) {
    Tensor loss = tensor::cross_entropy((*this)(batch.images), batch.labels);
    loss.backward();
    tensor::NoGrad no_grad;
    for (Tensor* parameter : parameters_) {
      parameter->add_(parameter->grad(), -kLearningRate);
      parameter->set_grad(Tensor());
    }
    return loss.item<double>();
  }

  double accuracy(const Samples& samples) const {
    tensor::NoGrad no_grad;
    Tensor right = (*this)(samples.images).argmax(1) == samples.labels;
    return right.sum().item<double>() / kHeldOut;
  }

 private:
  Tensor weight1_, bias1_, weight2_, bias2_;
  Tensor* const parameters_[4] = {&weight1_, &bias1_, &weight2_, &bias2_};
};

void run(int epochs) {
  Shuffler shuffler(1);
  const Samples samples = load(shuffler);
  const Samples held_out = samples.narrow(kTrained, kHeldOut);
  Network network;
  std::vector<int64_t> order = count_up(kTrained);
  double right = 0;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    shuffler.shuffle(order);
    double total = 0;
    for (int64_t start = 0; start < kTrained; start += kBatch) {
      const int64_t count = std::min(kBatch, kTrained - start);
      const Tensor index = Tensor::from_data(order.data() + start, {count});
      total += network.train(samples.pick(index)) * static_cast<double>(count);
    }
    right = network.accuracy(held_out);
    std::printf("epoch %2d  loss %.4f  held-out accuracy %.2f %%\n", epoch, total / kTrained,
                100 * right);
  }
  std::printf("%.2f %% of the %d held-out digits are read right\n", 100 * right,
              static_cast<int>(kHeldOut));
}

}  // namespace

int main(int argc, char** argv) try {
  run(argc > 1 ? std::atoi(argv[1]) : 30);
  return tensor::live_handles() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return EXIT_FAILURE;
}
