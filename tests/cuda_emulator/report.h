// What the emulator finds wrong with a program. Findings are kept until somebody takes them; what
// nobody took is printed when the process ends, which then fails.
#pragma once

#include <cstddef>
#include <string>

namespace cuda_emulator {

// The same text is kept once.
void report(std::string text);
// Prints all that was found, and ends the process with a status of its own.
[[noreturn]] void end_with_reports();
size_t report_count();
std::string report_at(size_t index);  // "" beyond the last
void clear_reports();

}  // namespace cuda_emulator
