// Text that the library makes.
#pragma once

#include <locale>
#include <sstream>
#include <string>

namespace libtensor {

// Writes numbers alike whatever the host's locale is, and throws where memory runs out: a plain
// stream goes on with a text that is cut short.
class TextStream : public std::ostringstream {
 public:
  TextStream() {
    imbue(std::locale::classic());
    exceptions(badbit);
  }
};

// Concatenates anything that can be streamed. For messages only: never on a hot path.
template <class... Args>
[[gnu::cold, gnu::noinline]] std::string str(const Args&... args) {
  TextStream out;
  (out << ... << args);
  return std::move(out).str();
}

}  // namespace libtensor
