// The kinds of memory that the contract tests run over. A plug-in adds its own by linking
// contract_test.cpp with another definition of provider_cases().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "memory/provider.h"

namespace test {

struct ProviderCase {
  std::string name;
  // `capacity`: bytes that the provider should hand out at most, where it can be told.
  std::function<std::unique_ptr<libtensor::memory::MemoryProvider>(size_t capacity)> make;
  bool host_can_write = false;                       // the memory can be written by the test itself
  bool keeps_capacity = false;                       // `capacity` is obeyed
  int streams = 1;                                   // streams 0 .. streams - 1 may be used
  libtensor::memory::Stream first_event_stream = 0;  // events are recorded from here on
};

std::vector<ProviderCase> provider_cases();

inline void PrintTo(const ProviderCase& provider, std::ostream* out) { *out << provider.name; }

}  // namespace test
