// Runs tests with the kernels of every instruction set that this machine has.
#pragma once

#include <gtest/gtest.h>

#include "cpu/kernel_tables.h"
#include "cpu/targets.h"

#include <hwy/highway.h>

#include <string>

namespace libtensor::cpu {

class EachTarget : public testing::TestWithParam<int64_t> {
 protected:
  void SetUp() override {
    choose_kernels(GetParam());
    ASSERT_EQ(kernels.target, GetParam()) << "the kernels of another target would run";
  }
  void TearDown() override { choose_kernels(); }
};

inline std::string target_name(const testing::TestParamInfo<int64_t>& info) {
  return hwy::TargetName(info.param);
}

#define LIBTENSOR_EACH_TARGET(Suite)                                                               \
  INSTANTIATE_TEST_SUITE_P(Targets, Suite, testing::ValuesIn(hwy::SupportedAndGeneratedTargets()), \
                           target_name)

}  // namespace libtensor::cpu
