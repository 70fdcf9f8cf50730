// The same as consumer.c in C++.
#include <cstdio>
#include <tensor/tensor.hpp>

int main() {
  {
    tensor::Tensor x = tensor::ones({2, 2}, tensor::Options().requires_grad(true));
    tensor::Tensor y = x * x;
    std::printf("version %06x\n%s\n", static_cast<unsigned>(tensor::version()), y.str().c_str());
    try {
      y.backward();
      return 4;
    } catch (const tensor::Error& error) {
      std::printf("%s\n", error.what());
    }
  }
  std::printf("%d handles\n", static_cast<int>(tensor::live_handles()));
}
