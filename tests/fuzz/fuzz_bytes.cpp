// The same calls, drawn from the bytes that libFuzzer makes up: see docs/reliability.md.
#include <cstdio>
#include <cstdlib>

#include "fuzz/episode.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string failure = test::run_bytes({}, data, size);
  if (failure.empty()) return 0;
  std::fprintf(stderr, "%s\n", failure.c_str());
  std::abort();
}
