// How many threads there are at first: by processors, control groups and OMP_NUM_THREADS.
#include "cpu/cores.h"

#include <sched.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace libtensor::cpu {
namespace {

// A folder that stands for the root of a system.
class Cores : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path whole = root_ / path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << text;
  }
  int quota() const { return cpu_quota(root_.c_str()); }

 private:
  const std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("libtensor_cores_" + std::to_string(getpid()));
};

TEST_F(Cores, WithoutControlGroupsThereIsNoQuota) {
  EXPECT_EQ(quota(), INT_MAX);
  write("proc/self/cgroup", "nonsense\n:\n\n0::");
  EXPECT_EQ(quota(), INT_MAX);
}

TEST_F(Cores, QuotaOfVersionTwoIsTheLeastOfAllGroupsAround) {
  write("proc/self/cgroup", "0::/user/program\n");
  const std::string group = "sys/fs/cgroup/user/program/cpu.max";
  for (const auto& [text, processors] : {std::pair("max 100000\n", INT_MAX),
                                         {"200000 100000\n", 2},
                                         {"250000 100000\n", 3},
                                         {"1000 100000\n", 1},
                                         {"9223372036854775807 1", INT_MAX},
                                         {"100000 0\n", INT_MAX},
                                         {"", INT_MAX}}) {
    write(group, text);
    EXPECT_EQ(quota(), processors) << text;
  }
  write(group, "800000 100000\n");
  write("sys/fs/cgroup/user/cpu.max", "350000 100000\n");
  EXPECT_EQ(quota(), 4);
  write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(quota(), 2);
  write("sys/fs/cpu.max", "100000 100000\n");
  EXPECT_EQ(quota(), 2) << "that is no group";
}

TEST_F(Cores, QuotaOfVersionOne) {
  write("proc/self/cgroup",
        "12:cpuset:/a\n4:memory:/a\n3:cpu,cpuacct:/outside/a\n1:name=systemd:/a\n0::/\n");
  write("sys/fs/cgroup/cpuset/a/cpu.cfs_quota_us", "100000\n");
  write("sys/fs/cgroup/cpuset/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), INT_MAX);
  // In a container only the mount itself is there.
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), INT_MAX);
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "450000\n");
  EXPECT_EQ(quota(), 5);
  write("sys/fs/cgroup/cpu/outside/a/cpu.cfs_quota_us", "250000\n");
  write("sys/fs/cgroup/cpu/outside/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 3);
}

TEST_F(Cores, QuotaOfVersionTwoBesideVersionOne) {
  write("proc/self/cgroup", "1:cpuset:/\n0::/group\n");
  write("sys/fs/cgroup/unified/group/cpu.max", "300000 100000\n");
  EXPECT_EQ(quota(), 3);
}

TEST_F(Cores, APathThatIsTooLongHasNoQuota) {
  write("proc/self/cgroup", "0::/" + std::string(4400, 'x') + "\n0::" + std::string(9000, '/'));
  EXPECT_EQ(quota(), INT_MAX);
}

TEST_F(Cores, AThreadThatHasBoundItselfDoesNotCount) {
  const int all = allowed_cores();
  EXPECT_GE(all, 1);
  std::thread([all] {
    cpu_set_t before, bound;
    ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&bound);
    for (int core = 0; CPU_COUNT(&bound) == 0; ++core)
      if (CPU_ISSET(core, &before)) CPU_SET(core, &bound);
    ASSERT_EQ(sched_setaffinity(0, sizeof bound, &bound), 0);
    EXPECT_EQ(allowed_cores(), all);
    use_allowed_cores();
    cpu_set_t after;
    ASSERT_EQ(sched_getaffinity(0, sizeof after, &after), 0);
    EXPECT_TRUE(CPU_EQUAL(&after, &before));
  }).join();
}

TEST_F(Cores, TheEnvironmentMayChooseTheNumberOfThreads) {
  const char* const before = std::getenv("OMP_NUM_THREADS");
  const std::string kept = before ? before : "";
  for (const auto& [text, threads] :
       {std::pair("5", 5), {" 6", 6}, {"3,2,1", 3}, {"999999999999", INT_MAX}}) {
    setenv("OMP_NUM_THREADS", text, 1);
    EXPECT_EQ(default_threads(), threads) << text;
  }
  for (const char* text : {"", "0", "-2", "many"}) {
    setenv("OMP_NUM_THREADS", text, 1);
    EXPECT_EQ(default_threads(), usable_cores()) << text;
  }
  unsetenv("OMP_NUM_THREADS");
  EXPECT_EQ(default_threads(), usable_cores());
  if (before) setenv("OMP_NUM_THREADS", kept.c_str(), 1);
}

}  // namespace
}  // namespace libtensor::cpu
