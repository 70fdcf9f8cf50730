// A program with a race: two threads change one tensor. The library is built with ThreadSanitizer
// here, which must see it; else the other tests of the suite would prove nothing.
#include <tensor/tensor.h>

#include <atomic>
#include <thread>

int main() {
  const int64_t size = 100;
  tensor_t* t = nullptr;
  if (tensor_ones(&size, 1, nullptr, &t) != TENSOR_OK) return 0;
  std::atomic<int> ready{0};
  const auto change = [&] {
    ++ready;
    while (ready < 2) std::this_thread::yield();
    for (int i = 0; i < 1000; ++i) tensor_add_scalar_(t, tensor_scalar_double(1));
  };
  std::thread first(change), second(change);
  first.join();
  second.join();
  tensor_release(t);
  return 0;
}
