// Draws memory over time.
#pragma once

#include <string>
#include <vector>

#include "replay.h"

namespace replay {

// Reserved, active and live bytes after each event. Throws std::runtime_error where the file cannot
// be written.
void write_svg(const std::string& path, const Trace& trace, const std::vector<Sample>& samples);

}  // namespace replay
