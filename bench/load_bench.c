/* How long it takes to load a shared library into a fresh process, and how much memory that takes.
 * Prints nanoseconds and kilobytes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static long resident_kilobytes(void) {
  char line[256];
  long value = 0;
  FILE* file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof(line), file)) {
    if (strncmp(line, "VmRSS:", 6) == 0) sscanf(line + 6, "%ld", &value);
  }
  if (file) fclose(file);
  return value;
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char** argv) {
  const long before = resident_kilobytes();
  const long long start = now();
  if (argc != 2 || !dlopen(argv[1], RTLD_NOW)) {
    fprintf(stderr, "usage: load_bench LIBRARY: %s\n", argc == 2 ? dlerror() : "");
    return 1;
  }
  const long long end = now();
  printf("%lld %ld\n", end - start, resident_kilobytes() - before);
  return 0;
}
