// How many texts the library has made. Each begins by asking for the classic locale (core/text.h),
// which a program that is linked with this gives and counts.
#pragma once

#include <atomic>
#include <cstdint>

namespace test {

extern std::atomic<int64_t> texts_made;

}  // namespace test
