// Runs the benchmarks, those beside another thread last.
#include <benchmark/benchmark.h>

namespace bench {
void register_rows_beside_thread();
}

int main(int argc, char** argv) {
  bench::register_rows_beside_thread();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
