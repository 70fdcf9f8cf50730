/* How backward and release scale: long chains and wide diamonds. Prints nanoseconds and bytes a
 * node.
 *
 * usage: graph_scale */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <tensor/tensor.h>
#include <time.h>

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

static void report(const char* what, long nodes, double start, double forward, double backward,
                   double end, double bytes) {
  printf("%-32s %10ld nodes: forward %6.1f ns, backward %6.1f ns, release %6.1f ns, %5.0f bytes\n",
         what, nodes, 1e9 * (forward - start) / (double)nodes,
         1e9 * (backward - forward) / (double)nodes, 1e9 * (end - backward) / (double)nodes,
         bytes / (double)nodes);
}

static void chain(long length) {
  tensor_t *x = leaf(), *y;
  const double before = resident(), start = now();
  ok(tensor_retain(x, &y));
  for (long i = 0; i < length; ++i) {
    tensor_t* next;
    ok(tensor_neg(y, &next));
    ok(tensor_release(y));
    y = next;
  }
  const double forward = now(), bytes = resident() - before;
  ok(tensor_backward(y));
  const double backward = now();
  ok(tensor_release(y));
  ok(tensor_release(x));
  report("chain of negations", length, start, forward, backward, now(), bytes);
}

/* y = y + y, again and again: as many paths as 2^length. */
static void diamonds(long length) {
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
  const double forward = now(), bytes = resident() - before;
  ok(tensor_backward(y));
  const double backward = now();
  ok(tensor_release(y));
  ok(tensor_release(x));
  report("chain of diamonds", 3 * length, start, forward, backward, now(), bytes);
}

int main(void) {
  for (long length = 10000; length <= 10000000; length *= 10) chain(length);
  for (long length = 1000; length <= 1000000; length *= 10) diamonds(length);
  return 0;
}
