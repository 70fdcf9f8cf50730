#include "memory/context.h"

#include <algorithm>

namespace libtensor::memory {

LIBTENSOR_FAST_THREAD_LOCAL uint32_t current_tag = 0;
LIBTENSOR_FAST_THREAD_LOCAL const char* current_operation = nullptr;

std::string operation_name(const char* operation) {
  std::string name = operation ? operation : "";
  name.resize(std::min(name.find('('), name.size()));
  return name.substr(name.find_last_of(" *&") + 1);
}

}  // namespace libtensor::memory
