// A device's random numbers: PyTorch's generator, which is a seed and how far it has come.
#pragma once

#include "core/device_runtime.h"
#include "core/fork.h"

namespace libtensor::cuda {

struct PhiloxState {
  uint64_t seed = 0;
  uint64_t offset = 0;  // a multiple of 4
};

class PhiloxGenerator final : public Generator {
 public:
  explicit PhiloxGenerator(const DeviceProperties& device)
      : multiprocessors_(device.multiprocessors),
        threads_each_(device.max_threads_per_multiprocessor) {}

  void manual_seed(uint64_t seed) override;
  uint64_t initial_seed() override;
  std::vector<unsigned char> state() override;
  void set_state(std::span<const unsigned char> state) override;

  // How many blocks of so many threads the device holds at once: the numbers depend on it.
  uint64_t most_blocks(uint32_t threads) const {
    return static_cast<uint64_t>(multiprocessors_) *
           (static_cast<uint64_t>(threads_each_) / threads);
  }

 private:
  friend class PhiloxTurn;
  const int multiprocessors_, threads_each_;
  ForkSafeMutex mutex_{LockLevel::kGenerator};
  PhiloxState state_;
};

// A kernel's turn to draw, for as long as it lives.
class PhiloxTurn {
 public:
  explicit PhiloxTurn(PhiloxGenerator& generator);
  ~PhiloxTurn();
  PhiloxTurn(const PhiloxTurn&) = delete;
  PhiloxTurn& operator=(const PhiloxTurn&) = delete;

  PhiloxState state() const;     // where to begin
  void advance(uint64_t words);  // so many have been drawn by a thread

 private:
  PhiloxGenerator& generator_;
};

}  // namespace libtensor::cuda
