/* Trains a small network to read handwritten digits: 64 pixels, 128 hidden units, 10 classes.
 *
 * usage: digits [epochs] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "tensor/tensor.h"

#ifndef DIGITS_DATA
#define DIGITS_DATA "examples/digits/data/digits.gz"
#endif

#define CHECK(call)                                            \
  do {                                                         \
    if ((call) != TENSOR_OK) {                                 \
      fprintf(stderr, "%s: %s\n", #call, tensor_last_error()); \
      exit(EXIT_FAILURE);                                      \
    }                                                          \
  } while (0)

enum {
  IMAGES = 1797,
  PIXELS = 64,
  HIDDEN = 128,
  CLASSES = 10,
  HELD_OUT = 360, /* 20 % */
  TRAINED = IMAGES - HELD_OUT,
  BATCH = 32
};
static const double learning_rate = 0.1;

/* Fisher-Yates over a 64-bit linear congruential generator: easy to repeat in any language. */
static void shuffle(uint64_t* state, int64_t* values, size_t count) {
  for (size_t i = count - 1; i > 0; --i) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    const size_t j = (size_t)((*state >> 33) % (i + 1));
    const int64_t value = values[i];
    values[i] = values[j];
    values[j] = value;
  }
}

typedef struct {
  tensor_t *images, *labels;
} samples_t;

/* All images, [1797, 64] from 0 to 1, and their labels, in an order of chance. */
static samples_t load(uint64_t* state) {
  static unsigned char records[IMAGES * (PIXELS + 1)];
  gzFile file = gzopen(DIGITS_DATA, "rb");
  if (!file || gzread(file, records, sizeof records) != (int)sizeof records) {
    fprintf(stderr, "cannot read %s\n", DIGITS_DATA);
    exit(EXIT_FAILURE);
  }
  gzclose(file);

  static float pixels[IMAGES * PIXELS];
  static int64_t digits[IMAGES], order[IMAGES];
  for (int64_t i = 0; i < IMAGES; ++i) order[i] = i;
  shuffle(state, order, IMAGES);
  for (size_t i = 0; i < IMAGES; ++i) {
    const unsigned char* record = records + order[i] * (PIXELS + 1);
    for (size_t p = 0; p < PIXELS; ++p) pixels[i * PIXELS + p] = record[p] / 16.0f;
    digits[i] = record[PIXELS];
  }
  samples_t samples;
  tensor_options_t of_int64 = tensor_options_default();
  of_int64.dtype = TENSOR_INT64;
  CHECK(tensor_from_data(pixels, (int64_t[]){IMAGES, PIXELS}, 2, NULL, &samples.images));
  CHECK(tensor_from_data(digits, (int64_t[]){IMAGES}, 1, &of_int64, &samples.labels));
  return samples;
}

static samples_t narrow(samples_t from, int64_t start, int64_t length) {
  samples_t part;
  CHECK(tensor_narrow(from.images, 0, start, length, &part.images));
  CHECK(tensor_narrow(from.labels, 0, start, length, &part.labels));
  return part;
}

static samples_t pick(samples_t from, const int64_t* order, int64_t count) {
  samples_t batch;
  tensor_t* index;
  tensor_options_t of_int64 = tensor_options_default();
  of_int64.dtype = TENSOR_INT64;
  CHECK(tensor_from_data(order, &count, 1, &of_int64, &index));
  CHECK(tensor_index_select(from.images, 0, index, &batch.images));
  CHECK(tensor_index_select(from.labels, 0, index, &batch.labels));
  return batch;
}

typedef struct {
  tensor_t *weight1, *bias1, *weight2, *bias2;
} network_t;

static tensor_t* weight(int64_t inputs, int64_t outputs) {
  tensor_t* w;
  CHECK(tensor_randn((int64_t[]){inputs, outputs}, 2, NULL, &w));
  CHECK(tensor_mul_scalar_(w, tensor_scalar_double(sqrt(2.0 / (double)inputs))));
  CHECK(tensor_set_requires_grad(w, true));
  return w;
}

static tensor_t* bias(int64_t outputs) {
  tensor_options_t options = tensor_options_default();
  options.requires_grad = true;
  tensor_t* b;
  CHECK(tensor_zeros(&outputs, 1, &options, &b));
  return b;
}

static network_t new_network(void) {
  CHECK(tensor_manual_seed(0));
  network_t n;
  n.weight1 = weight(PIXELS, HIDDEN);
  n.bias1 = bias(HIDDEN);
  n.weight2 = weight(HIDDEN, CLASSES);
  n.bias2 = bias(CLASSES);
  return n;
}

static tensor_t* forward(const network_t* n, const tensor_t* images) {
  tensor_t* x;
  CHECK(tensor_matmul(images, n->weight1, &x));
  CHECK(tensor_add(x, n->bias1, &x)); /* the scope around remembers the x before */
  CHECK(tensor_relu(x, &x));
  CHECK(tensor_matmul(x, n->weight2, &x));
  CHECK(tensor_add(x, n->bias2, &x));
  return x;
}

/* Goes down the gradient, and clears it for the next batch. */
static void update(network_t* n) {
  tensor_t* const parameters[] = {n->weight1, n->bias1, n->weight2, n->bias2};
  bool recording;
  CHECK(tensor_grad_enabled_set(false, &recording));
  for (size_t i = 0; i < 4; ++i) {
    tensor_t* gradient;
    CHECK(tensor_grad(parameters[i], &gradient));
    CHECK(tensor_add_alpha_(parameters[i], gradient, tensor_scalar_double(-learning_rate)));
    CHECK(tensor_set_grad(parameters[i], NULL));
  }
  CHECK(tensor_grad_enabled_set(recording, NULL));
}

/* One step; the loss before it. */
static double train(network_t* n, samples_t batch) {
  tensor_t* loss;
  tensor_scalar_t value;
  CHECK(tensor_cross_entropy(forward(n, batch.images), batch.labels, &loss));
  CHECK(tensor_backward(loss));
  update(n);
  CHECK(tensor_item(loss, &value));
  return value.value.float64;
}

static double accuracy(const network_t* n, samples_t samples) {
  tensor_t* right;
  tensor_scalar_t count;
  bool recording;
  CHECK(tensor_grad_enabled_set(false, &recording));
  CHECK(tensor_argmax_dim(forward(n, samples.images), 1, NULL, &right));
  CHECK(tensor_eq(right, samples.labels, &right));
  CHECK(tensor_sum(right, &right));
  CHECK(tensor_item(right, &count));
  CHECK(tensor_grad_enabled_set(recording, NULL));
  return (double)count.value.int64 / HELD_OUT;
}

int main(int argc, char** argv) {
  const int epochs = argc > 1 ? atoi(argv[1]) : 30;
  uint64_t state = 1; /* of the shuffles */

  CHECK(tensor_scope_push());
  const samples_t samples = load(&state);
  const samples_t held_out = narrow(samples, TRAINED, HELD_OUT);
  network_t network = new_network();
  int64_t order[TRAINED];
  for (int64_t i = 0; i < TRAINED; ++i) order[i] = i;

  double right = 0;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    shuffle(&state, order, TRAINED);
    double total = 0;
    for (int64_t start = 0; start < TRAINED; start += BATCH) {
      const int64_t count = start + BATCH < TRAINED ? BATCH : TRAINED - start;
      CHECK(tensor_scope_push());
      total += train(&network, pick(samples, order + start, count)) * (double)count;
      CHECK(tensor_scope_pop(NULL, 0)); /* all that this batch made goes here */
    }
    CHECK(tensor_scope_push());
    right = accuracy(&network, held_out);
    CHECK(tensor_scope_pop(NULL, 0));
    printf("epoch %2d  loss %.4f  held-out accuracy %.2f %%\n", epoch, total / TRAINED,
           100 * right);
  }
  printf("%.2f %% of the %d held-out digits are read right\n", 100 * right, HELD_OUT);

  CHECK(tensor_scope_pop(NULL, 0));
  printf("handles not given back: %zu\n", tensor_live_handles());
  return tensor_live_handles() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
