/* A host with OpenMP settings of its own: computes, alone or in each thread of a parallel region,
 * looks whether its settings are as before, and prints a number made of all bits of the results.
 *
 * usage: openmp_host plain|threads|dynamic|inside */
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <tensor/tensor.h>

enum { kSize = 300, kMost = 90000 };

/* FNV-1a over the elements; 0 where something failed. */
static uint64_t hash_of(const tensor_t* t) {
  static _Thread_local float elements[kMost];
  int64_t numel = 0;
  uint64_t hash = 14695981039346656037u;
  if (tensor_numel(t, &numel) != TENSOR_OK || numel > kMost) return 0;
  const size_t bytes = (size_t)numel * sizeof(float);
  if (tensor_copy_to(t, elements, bytes) != TENSOR_OK) return 0;
  for (size_t i = 0; i < bytes; ++i) {
    hash = (hash ^ ((const unsigned char*)elements)[i]) * 1099511628211u;
  }
  return hash;
}

/* A product, an element-wise operation and sums: what the library runs on several threads. */
static uint64_t compute(void) {
  const int64_t shape[] = {kSize, kSize}, columns[] = {1};
  tensor_t *flat = NULL, *x = NULL, *sine = NULL, *product = NULL, *sum = NULL;
  const tensor_scalar_t step = tensor_scalar_double(0.001);
  tensor_options_t options = tensor_options_default();
  options.dtype = TENSOR_FLOAT32;
  uint64_t hash = 0;
  tensor_arange_options_t range = {sizeof range, step, &options};
  if (tensor_arange(tensor_scalar_double(0), tensor_scalar_double(kSize * kSize * 0.001), &range,
                    &flat) == TENSOR_OK &&
      tensor_view(flat, shape, 2, &x) == TENSOR_OK && tensor_tanh(x, &sine) == TENSOR_OK &&
      tensor_matmul(sine, x, &product) == TENSOR_OK &&
      tensor_sum_dim(product, columns, 1, false, &sum) == TENSOR_OK) {
    hash = hash_of(sine) * 31 + hash_of(product) * 7 + hash_of(sum);
  }
  tensor_t* const all[] = {flat, x, sine, product, sum};
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); ++i) tensor_release(all[i]);
  return hash;
}

typedef struct {
  int most, dynamic, limit, levels;
} Settings;
static Settings settings(void) {
  const Settings now = {omp_get_max_threads(), omp_get_dynamic(), omp_get_thread_limit(),
                        omp_get_max_active_levels()};
  return now;
}

static uint64_t compute_inside(void) {
  uint64_t hashes[3] = {0};
#pragma omp parallel num_threads(3)
  hashes[omp_get_thread_num()] = compute();
  for (int i = 1; i < 3; ++i) { /* 0: OpenMP has granted fewer threads */
    if (hashes[i] != 0 && hashes[i] != hashes[0]) return 0;
  }
  return hashes[0];
}

int main(int argc, char** argv) {
  const char* const how = argc > 1 ? argv[1] : "plain";
  if (strcmp(how, "threads") == 0) omp_set_num_threads(3);
  if (strcmp(how, "dynamic") == 0) omp_set_dynamic(1);
  const Settings before = settings();
  if (tensor_set_num_threads(4) != TENSOR_OK) return 2;
  const uint64_t hash = strcmp(how, "inside") == 0 ? compute_inside() : compute();
  const Settings after = settings();
  if (memcmp(&before, &after, sizeof(before)) != 0) return fprintf(stderr, "changed\n"), 3;
  int threads = 0;
#pragma omp parallel reduction(+ : threads)
  threads += 1;
  if (threads > before.most) return fprintf(stderr, "%d threads\n", threads), 4;
  printf("%016llx\n", (unsigned long long)hash);
  return hash == 0;
}
