// Threads that call the program one after the other. No mutex, since the program may call back, and
// fork, while it is its thread's turn.
#pragma once

#include <atomic>
#include <cstdint>

namespace libtensor::memory {

class Turns {
 public:
  // Waits for its turn, which lasts as long as it lives; unless the thread has it already.
  class Turn {
   public:
    explicit Turn(Turns& turns);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    bool is_nested() const { return nested_; }

   private:
    Turns& turns_;
    bool nested_ = false;
  };

 private:
  // Whose turn it is, and after how many forks, which leave other threads behind; 0: nobody's.
  std::atomic<uint64_t> owner_{0};
};

}  // namespace libtensor::memory
