// The program's pthread_create in the place of the system's: it can be told to fail.
#pragma once

namespace test {

// While it lives, the system starts no thread.
class NoThreadStarts {
 public:
  NoThreadStarts();
  ~NoThreadStarts();
  NoThreadStarts(const NoThreadStarts&) = delete;
  NoThreadStarts& operator=(const NoThreadStarts&) = delete;
};

// The next `number`-th start fails; 0: none does. Starts are counted from there.
void let_thread_fail(int number);
int started_threads();

}  // namespace test
