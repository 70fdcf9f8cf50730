#include "cpu/cores.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace libtensor::cpu {
namespace {

// Of the main thread, whose number is the process's. Larger than cpu_set_t, which ends at 1024.
struct CoreSet {
  static constexpr size_t kMost = 8192;
  unsigned long words[kMost / CHAR_BIT / sizeof(unsigned long)] = {};
  const bool known = sched_getaffinity(getpid(), sizeof words, set()) == 0;

  cpu_set_t* set() { return reinterpret_cast<cpu_set_t*>(words); }
};

constexpr size_t kMostText = 4500;  // more than PATH_MAX

// A path that needs no memory. What is too long is cut off, and then not found.
class Path {
 public:
  explicit Path(const char* root) { add(root); }

  size_t length() const { return length_; }
  std::FILE* open() const { return std::fopen(text_, "re"); }
  void add(std::string_view part) {
    const size_t count = std::min(part.size(), sizeof text_ - 1 - length_);
    text_[length_ + part.copy(text_ + length_, count)] = 0;
    length_ += count;
  }
  void cut(size_t length) { text_[length_ = length] = 0; }
  // Goes to the folder around this one, unless that is shorter than `least`.
  bool cut_last(size_t least) {
    const size_t slash = std::string_view(text_, length_).rfind('/');
    if (slash == std::string_view::npos || slash < least) return false;
    cut(slash);
    return true;
  }

 private:
  char text_[kMostText] = {};
  size_t length_ = 0;
};

// The whole numbers, two at most, that a file begins with. Returns how many there are.
int read_numbers(Path& folder, const char* name, long long* first, long long* second) {
  const size_t length = folder.length();
  folder.add(name);
  std::FILE* const file = folder.open();
  folder.cut(length);
  if (!file) return 0;
  const int count = std::fscanf(file, "%lld %lld", first, second);
  std::fclose(file);
  return count;
}

// Of one control group, of version 2 or 1. "max" and -1 mean no limit.
int quota_of_group(Path& folder) {
  long long quota = -1, period = 0, none;
  if (read_numbers(folder, "/cpu.max", &quota, &period) < 2) {
    read_numbers(folder, "/cpu.cfs_quota_us", &quota, &none);
    read_numbers(folder, "/cpu.cfs_period_us", &period, &none);
  }
  if (quota <= 0 || period <= 0) return INT_MAX;
  return static_cast<int>(std::min<long long>(INT_MAX, (quota - 1) / period + 1));
}

// Of a group and all that it lies in. In a container `group` may be the path outside: then only the
// mount itself is there, which is the container's group.
int quota_of_path(const char* root, std::string_view mount, std::string_view group) {
  Path folder(root);
  folder.add("/sys/fs/cgroup/");
  folder.add(mount);
  const size_t least = folder.length();
  folder.add(group);
  int quota = quota_of_group(folder);
  while (folder.cut_last(least)) quota = std::min(quota, quota_of_group(folder));
  return quota;
}

bool names_cpu(std::string_view controllers) {
  for (size_t end; (end = controllers.find(',')) != controllers.npos;
       controllers.remove_prefix(end + 1)) {
    if (controllers.substr(0, end) == "cpu") return true;
  }
  return controllers == "cpu";
}

}  // namespace

int allowed_cores() noexcept {
  CoreSet cores;
  return cores.known ? std::max(1, CPU_COUNT_S(sizeof cores.words, cores.set())) : 1;
}

void use_allowed_cores() noexcept {
  CoreSet cores;
  if (cores.known) sched_setaffinity(0, sizeof cores.words, cores.set());
}

// The lines of /proc/self/cgroup are "number:controllers:path"; version 2 has no controllers there.
// https://docs.kernel.org/admin-guide/cgroup-v2.html
int cpu_quota(const char* root) noexcept {
  Path list(root);
  list.add("/proc/self/cgroup");
  std::FILE* const file = list.open();
  if (!file) return INT_MAX;
  int quota = INT_MAX;
  for (char text[kMostText]; std::fgets(text, sizeof text, file);) {
    const std::string_view line(text, std::strcspn(text, "\n"));
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && !names_cpu(controllers)) continue;
    const bool new_version = controllers.empty();
    for (const std::string_view mount :
         {new_version ? "." : controllers, std::string_view(new_version ? "unified" : "cpu")})
      quota = std::min(quota, quota_of_path(root, mount, line.substr(second + 1)));
  }
  std::fclose(file);
  return quota;
}

int usable_cores() noexcept { return std::min(allowed_cores(), cpu_quota()); }

int default_threads() noexcept {
  const char* const wish = std::getenv("OMP_NUM_THREADS");
  const long threads = wish ? std::strtol(wish, nullptr, 10) : 0;  // of a list, the first
  return threads > 0 ? static_cast<int>(std::min<long>(threads, INT_MAX)) : usable_cores();
}

}  // namespace libtensor::cpu
