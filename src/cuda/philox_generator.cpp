#include "cuda/philox_generator.h"

#include <cstring>
#include <mutex>

#include "core/error.h"

namespace libtensor::cuda {

void PhiloxGenerator::manual_seed(uint64_t seed) {
  const std::lock_guard lock(mutex_);
  state_ = {seed, 0};
}

uint64_t PhiloxGenerator::initial_seed() {
  const std::lock_guard lock(mutex_);
  return state_.seed;
}

std::vector<unsigned char> PhiloxGenerator::state() {
  const std::lock_guard lock(mutex_);
  std::vector<unsigned char> bytes(sizeof state_);
  std::memcpy(bytes.data(), &state_, sizeof state_);
  return bytes;
}

void PhiloxGenerator::set_state(std::span<const unsigned char> state) {
  check(state.size() == sizeof state_, "RNG state is wrong size");
  const std::lock_guard lock(mutex_);
  std::memcpy(&state_, state.data(), sizeof state_);
}

PhiloxTurn::PhiloxTurn(PhiloxGenerator& generator) : generator_(generator) {
  generator_.mutex_.lock();
}
PhiloxTurn::~PhiloxTurn() { generator_.mutex_.unlock(); }
PhiloxState PhiloxTurn::state() const { return generator_.state_; }
void PhiloxTurn::advance(uint64_t words) { generator_.state_.offset += words; }

}  // namespace libtensor::cuda
