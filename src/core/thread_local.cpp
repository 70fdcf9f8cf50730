#include "core/thread_local.h"

namespace libtensor {
namespace {

struct Words {
  void* of[static_cast<int>(ThreadWord::kCount)] = {};

  ~Words();
};
LIBTENSOR_FAST_THREAD_LOCAL Words* words = nullptr;

Words::~Words() { words = nullptr; }

}  // namespace

void*& thread_word(ThreadWord word) {
  if (!words) [[unlikely]]
    words = delete_at_thread_exit(new Words);
  return words->of[static_cast<int>(word)];
}

}  // namespace libtensor
