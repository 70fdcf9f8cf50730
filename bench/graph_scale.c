/* How recording, backward and release scale: chains of up to ten million nodes, chains of diamonds,
 * and grids. Prints nanoseconds and bytes a node: what is linear has the same at each size. Of each
 * size the best of some repetitions. All of it runs on a stack of 128 KiB.
 *
 * usage: graph_scale */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <tensor/tensor.h>
#include <time.h>
#include <unistd.h>

enum { REPETITIONS = 3, STACK = 128 << 10 };

static void ok(tensor_status_t status) {
  if (status == TENSOR_OK) return;
  fprintf(stderr, "%s\n", tensor_last_error());
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What the kernel counts as resident, in bytes. */
static double resident(void) {
  long pages = 0, ignored = 0;
  FILE* file = fopen("/proc/self/statm", "r");
  if (!file) return 0;
  if (fscanf(file, "%ld %ld", &ignored, &pages) != 2) pages = 0;
  fclose(file);
  return 4096.0 * (double)pages;
}

static tensor_t* leaf(void) {
  const int64_t shape[] = {1};
  tensor_options_t options = tensor_options_default();
  options.requires_grad = true;
  tensor_t* x;
  ok(tensor_ones(shape, 1, &options, &x));
  return x;
}

/* Seconds, and what the graph holds. */
typedef struct {
  double forward, backward, release, bytes;
} costs_t;

/* Runs backward from y, and drops the graph. */
static costs_t finish(tensor_t* x, tensor_t* y, double start, double before) {
  costs_t costs;
  const double recorded = now();
  costs.forward = recorded - start;
  costs.bytes = resident() - before;
  ok(tensor_backward(y));
  const double done = now();
  costs.backward = done - recorded;
  ok(tensor_release(y));
  ok(tensor_release(x));
  costs.release = now() - done;
  return costs;
}

static costs_t chain(long length) {
  tensor_t *x = leaf(), *y;
  const double before = resident(), start = now();
  ok(tensor_retain(x, &y));
  for (long i = 0; i < length; ++i) {
    tensor_t* next;
    ok(tensor_neg(y, &next));
    ok(tensor_release(y));
    y = next;
  }
  return finish(x, y, start, before);
}

/* y = |y| - y, again and again: as many paths as 2^length. */
static costs_t diamonds(long length) {
  tensor_t *x = leaf(), *y;
  const double before = resident(), start = now();
  ok(tensor_retain(x, &y));
  for (long i = 0; i < length; ++i) {
    tensor_t *left, *right, *next;
    ok(tensor_neg(y, &left));
    ok(tensor_abs(y, &right));
    ok(tensor_add(left, right, &next));
    ok(tensor_release(left));
    ok(tensor_release(right));
    ok(tensor_release(y));
    y = next;
  }
  return finish(x, y, start, before);
}

/* A square of cells, each the sum of the one before it and the one above: every four neighbours are
 * a diamond. (Its gradients count paths, and soon overflow; that costs nothing.) */
static costs_t grid(long side) {
  tensor_t *x = leaf(), **row = malloc((size_t)side * sizeof *row);
  if (!row) exit(1);
  const double before = resident(), start = now();
  for (long j = 0; j < side; ++j) ok(tensor_retain(x, &row[j]));
  for (long i = 0; i < side; ++i) {
    for (long j = 0; j < side; ++j) {
      tensor_t* next;
      ok(tensor_add(row[j], j > 0 ? row[j - 1] : x, &next));
      ok(tensor_release(row[j]));
      row[j] = next;
    }
  }
  tensor_t* y = row[side - 1];
  for (long j = 0; j + 1 < side; ++j) ok(tensor_release(row[j]));
  free(row);
  return finish(x, y, start, before);
}

static void least(double* best, double found) {
  if (found < *best) *best = found;
}

/* In a process of its own, where all memory is new. */
static void report(const char* what, costs_t (*run)(long), long size, long nodes) {
  const pid_t child = fork();
  if (child != 0) {
    int status = 1;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) exit(1);
    return;
  }
  costs_t best = run(size);
  for (int i = 1; i < REPETITIONS; ++i) {
    const costs_t found = run(size); /* in the memory of the first, which has grown by best.bytes */
    least(&best.forward, found.forward);
    least(&best.backward, found.backward);
    least(&best.release, found.release);
  }
  const double each = 1e9 / (double)nodes;
  printf("%-20s %9ld nodes: forward %6.1f ns, backward %6.1f ns, release %6.1f ns, %5.0f bytes\n",
         what, nodes, each * best.forward, each * best.backward, each * best.release,
         best.bytes / (double)nodes);
  fflush(stdout);
  _exit(0);
}

int main(void) {
  const struct rlimit stack = {STACK, STACK};
  if (setrlimit(RLIMIT_STACK, &stack) != 0) return 1;
  for (long length = 10000; length <= 10000000; length *= 10) {
    report("chain", chain, length, length);
  }
  for (long length = 1000; length <= 1000000; length *= 10) {
    report("chain of diamonds", diamonds, length, 3 * length);
  }
  for (long side = 10; side <= 1000; side *= 10) report("grid", grid, side, side * side);
  return 0;
}
