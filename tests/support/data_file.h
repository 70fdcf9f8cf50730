// Files that the tests read. The build puts them beside the programs, where they are found by the
// program's own place: a folder of built tests may be moved to another machine.
#pragma once

#include <sys/auxv.h>

#include <filesystem>
#include <string>

namespace test {

// In the program's folder or one above; what is nowhere keeps its name, and cannot be opened.
inline std::string data_file(const std::string& name) {
  namespace fs = std::filesystem;
  const fs::path program = fs::absolute(reinterpret_cast<const char*>(getauxval(AT_EXECFN)));
  for (fs::path folder = program.parent_path();; folder = folder.parent_path()) {
    if (fs::exists(folder / name)) return folder / name;
    if (folder == folder.parent_path()) return name;
  }
}

}  // namespace test
