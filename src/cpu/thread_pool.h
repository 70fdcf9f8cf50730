// The process's worker threads. They start when they are first needed, sleep when they are not, and
// end when the library is unloaded.
#pragma once

#include <cstdint>

namespace libtensor::cpu {

// What several threads do at once.
class Task {
 public:
  virtual void run() noexcept = 0;

 protected:
  ~Task() = default;
};

class Worker;

// Workers that a thread has on loan for a task, which it takes part in itself.
class Helpers {
 public:
  // As many as wanted, unless with them more than `limit` threads were at work: those that have
  // helpers, or asked for some, and the workers. None is waited for, and where the system starts no
  // further thread there are fewer.
  Helpers(Task& task, int wanted, int limit) noexcept;
  Helpers(const Helpers&) = delete;
  Helpers& operator=(const Helpers&) = delete;

  // To be called when nothing of the task is left to begin. Waits for those that are at it, but not
  // in a child that was forked meanwhile: they do not exist there.
  void finish() noexcept;

 private:
  const uint16_t forks_;
  Worker* first_;
};

}  // namespace libtensor::cpu
