/* Saved-tensor hooks: what a network keeps for backward, in half precision or on disk.
 *
 * Backward needs what the forward pass computed, and most of a training step's memory is that. Here
 * a network of some layers runs three times: with what it saves left as it is, rounded to half
 * precision, and written to temporary files. offload.cpp and offload.py do the same. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tensor/tensor.h"

#define CHECK(call)                                            \
  do {                                                         \
    if ((call) != TENSOR_OK) {                                 \
      fprintf(stderr, "%s: %s\n", #call, tensor_last_error()); \
      exit(EXIT_FAILURE);                                      \
    }                                                          \
  } while (0)

enum { LAYERS = 6, WIDTH = 256, BATCH = 128 };

typedef enum { AS_IT_IS, IN_HALF, ON_DISK, WAYS } way_t;
static const char* const names[WAYS] = {"as it is", "in half precision", "on disk"};

/* How tensors are kept, and how much that is now. */
typedef struct {
  way_t way;
  int64_t in_memory, on_disk; /* bytes */
} store_t;

/* One tensor that a node has saved. */
typedef struct {
  tensor_t* tensor; /* or */
  FILE* file;
  int64_t shape[2];
  size_t ndim;
  int64_t bytes;
} packed_t;

static tensor_status_t failed(packed_t* packed, const char* message) {
  if (packed) tensor_release(packed->tensor);
  if (packed && packed->file) fclose(packed->file);
  free(packed);
  return message ? tensor_set_last_error(TENSOR_ERROR_UNAVAILABLE, message)
                 : TENSOR_ERROR_UNAVAILABLE; /* the call that failed has left its message */
}

static tensor_status_t write_elements(packed_t* packed, const tensor_t* t) {
  tensor_t* rows;
  void* elements;
  const tensor_status_t status = tensor_contiguous(t, &rows);
  if (status != TENSOR_OK) return status;
  const size_t count = (size_t)packed->bytes;
  packed->file = tmpfile();
  const bool ok = packed->file && tensor_data(rows, &elements) == TENSOR_OK &&
                  fwrite(elements, 1, count, packed->file) == count;
  tensor_release(rows);
  return ok ? TENSOR_OK
            : tensor_set_last_error(TENSOR_ERROR_UNAVAILABLE, "cannot write a temporary file");
}

static tensor_status_t pack(void* user, tensor_t* t, void** out) {
  store_t* store = user;
  packed_t* packed = calloc(1, sizeof *packed);
  tensor_options_t half = tensor_options_default();
  int64_t elements;
  bool is_leaf, requires_grad;
  half.dtype = TENSOR_FLOAT16;
  if (!packed) return failed(NULL, "out of memory");
  if (tensor_is_leaf(t, &is_leaf) != TENSOR_OK ||
      tensor_requires_grad(t, &requires_grad) != TENSOR_OK ||
      tensor_numel(t, &elements) != TENSOR_OK ||
      tensor_shape(t, packed->shape, 2, &packed->ndim) != TENSOR_OK) {
    return failed(packed, NULL);
  }
  tensor_status_t status;
  if (is_leaf && requires_grad) {
    status = tensor_retain(t, &packed->tensor); /* the program keeps its parameters anyway */
  } else if (store->way == AS_IT_IS) {
    packed->bytes = elements * (int64_t)sizeof(float);
    status = tensor_detach(t, &packed->tensor);
  } else if (store->way == IN_HALF) {
    packed->bytes = elements * 2;
    status = tensor_to(t, &half, &packed->tensor);
  } else {
    packed->bytes = elements * (int64_t)sizeof(float);
    status = write_elements(packed, t);
  }
  if (status != TENSOR_OK) return failed(packed, NULL);
  *(packed->file ? &store->on_disk : &store->in_memory) += packed->bytes;
  *out = packed;
  return TENSOR_OK;
}

static tensor_status_t unpack(void* user, void* kept, tensor_t** out) {
  const packed_t* packed = kept;
  tensor_options_t single = tensor_options_default();
  (void)user;
  single.dtype = TENSOR_FLOAT32;
  if (!packed->file) return tensor_to(packed->tensor, &single, out);
  void* elements;
  const tensor_status_t status = tensor_empty(packed->shape, packed->ndim, &single, out);
  if (status != TENSOR_OK) return status;
  rewind(packed->file);
  if (tensor_data(*out, &elements) == TENSOR_OK &&
      fread(elements, 1, (size_t)packed->bytes, packed->file) == (size_t)packed->bytes) {
    return TENSOR_OK;
  }
  tensor_release(*out);
  return tensor_set_last_error(TENSOR_ERROR_UNAVAILABLE, "cannot read a temporary file");
}

static void discard(void* user, void* kept) {
  store_t* store = user;
  packed_t* packed = kept;
  *(packed->file ? &store->on_disk : &store->in_memory) -= packed->bytes;
  tensor_release(packed->tensor);
  if (packed->file) fclose(packed->file); /* which deletes it */
  free(packed);
}

/* The mean square of what comes out of the last layer; its handle goes to the scope around. */
static tensor_t* run(tensor_t* const* weights, tensor_t* x) {
  tensor_t *product, *square, *loss;
  for (int i = 0; i < LAYERS; ++i) {
    CHECK(tensor_matmul(x, weights[i], &product));
    CHECK(tensor_tanh(product, &x));
  }
  CHECK(tensor_mul(x, x, &square));
  CHECK(tensor_mean(square, &loss));
  return loss;
}

/* The largest difference between the gradients and those of the first way. */
static double difference(tensor_t* const* weights, tensor_t* const* expected) {
  double largest = 0;
  for (int i = 0; i < LAYERS; ++i) {
    tensor_t *gradient, *apart, *size, *most;
    tensor_scalar_t value;
    CHECK(tensor_grad(weights[i], &gradient));
    CHECK(tensor_sub(gradient, expected[i], &apart));
    CHECK(tensor_abs(apart, &size));
    CHECK(tensor_max(size, &most));
    CHECK(tensor_item(most, &value));
    largest = fmax(largest, value.value.float64);
  }
  return largest;
}

int main(void) {
  const int64_t weight_shape[] = {WIDTH, WIDTH}, input_shape[] = {BATCH, WIDTH};
  tensor_t *weights[LAYERS], *expected[LAYERS], *x;
  const size_t before = tensor_live_handles();
  CHECK(tensor_scope_push());
  CHECK(tensor_manual_seed(0));
  for (int i = 0; i < LAYERS; ++i) {
    CHECK(tensor_randn(weight_shape, 2, NULL, &weights[i]));
    CHECK(tensor_mul_scalar_(weights[i], tensor_scalar_double(1 / sqrt(WIDTH))));
    CHECK(tensor_set_requires_grad(weights[i], true));
  }
  CHECK(tensor_randn(input_shape, 2, NULL, &x));

  for (int way = 0; way < WAYS; ++way) {
    store_t store = {(way_t)way, 0, 0};
    CHECK(tensor_saved_tensors_hooks_push(pack, unpack, discard, &store, NULL));
    tensor_t* loss = run(weights, x);
    CHECK(tensor_saved_tensors_hooks_pop());
    const int64_t in_memory = store.in_memory, on_disk = store.on_disk;
    CHECK(tensor_backward(loss));
    if (way == AS_IT_IS) {
      for (int i = 0; i < LAYERS; ++i) CHECK(tensor_grad(weights[i], &expected[i]));
    }
    printf("%-18s %7lld bytes in memory, %7lld on disk, gradients differ by %.0e\n", names[way],
           (long long)in_memory, (long long)on_disk, difference(weights, expected));
    for (int i = 0; i < LAYERS; ++i) CHECK(tensor_set_grad(weights[i], NULL));
  }
  CHECK(tensor_scope_pop(NULL, 0));
  printf("handles not given back: %zu\n", tensor_live_handles() - before);
  return 0;
}
