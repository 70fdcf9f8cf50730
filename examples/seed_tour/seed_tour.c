/* A tour of tensors and gradients through the C API. seed_tour.py is the same in Python, line by
 * line. */
#include <stdio.h>
#include <stdlib.h>

#include "tensor/tensor.h"

/* A function that fails says so with its status, and leaves a message for this thread. */
#define CHECK(call)                                            \
  do {                                                         \
    if ((call) != TENSOR_OK) {                                 \
      fprintf(stderr, "%s: %s\n", #call, tensor_last_error()); \
      exit(EXIT_FAILURE);                                      \
    }                                                          \
  } while (0)

/* Strings go out as snprintf's do: the first call asks for the length. */
static void print(const tensor_t* t) {
  size_t length = 0;
  CHECK(tensor_to_string(t, NULL, 0, &length));
  char* text = malloc(length + 1);
  if (!text) exit(EXIT_FAILURE);
  CHECK(tensor_to_string(t, text, length + 1, &length));
  puts(text);
  free(text);
}

static tensor_options_t on(tensor_device_type_t device) {
  tensor_options_t options = tensor_options_default();
  options.device.type = device;
  return options;
}

static void tensors(void) {
  tensor_t *x, *row, *y, *sum;
  CHECK(tensor_manual_seed(0));
  CHECK(tensor_rand((int64_t[]){5, 3}, 2, NULL, &x));
  puts("Random numbers, the same in every run because the seed is set: torch.rand(5, 3)");
  print(x);
  CHECK(tensor_view(x, (int64_t[]){-1, 15}, 2, &row));
  puts("The same 15 numbers seen as one row, without a copy: x.view(-1, 15)");
  print(row);

  CHECK(tensor_zeros((int64_t[]){2, 3}, 2, NULL, &x));
  CHECK(tensor_ones((int64_t[]){2, 3}, 2, NULL, &y));
  puts("In-place functions end with an underscore: x.copy_(y)");
  CHECK(tensor_copy_(x, y));
  print(x);
  tensor_scalar_t number;
  CHECK(tensor_sum(x, &sum));
  CHECK(tensor_item(sum, &number));
  printf("The sum of x as a plain number: x.sum().item() is %.4f\n", number.value.float64);
}

static void devices(void) {
  tensor_options_t device = on(TENSOR_CUDA);
  if (!tensor_cuda_is_available()) {
    device = on(TENSOR_CPU);
    printf("CUDA is not available: %s. The CPU takes its place.\n",
           tensor_cuda_unavailable_reason());
  }
  tensor_t *x, *y, *z, *on_cpu;
  CHECK(tensor_ones((int64_t[]){3}, 1, NULL, &x));
  CHECK(tensor_ones_like(x, &device, &y));
  CHECK(tensor_to(x, &device, &x)); /* the scope remembers the old x */
  CHECK(tensor_add(x, y, &z));
  puts("A sum on the device: torch.ones_like(x, device=device) + x.to(device)");
  print(z);
  tensor_options_t in_double = on(TENSOR_CPU);
  in_double.dtype = TENSOR_FLOAT64;
  CHECK(tensor_to(z, &in_double, &on_cpu));
  puts("The same on the CPU, in double precision: z.to(\"cpu\", torch.double)");
  print(on_cpu);
}

/* (3 * (x + 2) ** 2).mean() */
static tensor_t* mean_of_squares(const tensor_t* x) {
  tensor_t* out;
  CHECK(tensor_add_scalar(x, tensor_scalar_int64(2), &out));
  CHECK(tensor_pow_scalar(out, tensor_scalar_int64(2), &out));
  CHECK(tensor_mul_scalar(out, tensor_scalar_int64(3), &out));
  CHECK(tensor_mean(out, &out));
  return out;
}

static void gradients(void) {
  tensor_options_t with_gradient = tensor_options_default();
  with_gradient.requires_grad = true;

  tensor_t *x, *y, *z, *square, *grad;
  CHECK(tensor_ones((int64_t[]){2, 2}, 2, &with_gradient, &x));
  puts("A tensor that asks for its gradient. It is a leaf: no operation made it.");
  print(x);
  char name[64];
  CHECK(tensor_grad_fn_name(x, name, sizeof name, NULL));
  printf("x.grad_fn is %s\n", name[0] ? name : "None");

  CHECK(tensor_add_scalar(x, tensor_scalar_int64(2), &y));
  puts("What operations make of it remembers how it was made: y = x + 2");
  print(y);
  CHECK(tensor_mul(y, y, &z));
  puts("z = y * y");
  print(z);
  CHECK(tensor_pow_scalar(x, tensor_scalar_int64(2), &square));
  puts("x ** 2");
  print(square);

  const float values[] = {2, 4, 3, 5};
  CHECK(tensor_from_data(values, (int64_t[]){2, 2}, 2, &with_gradient, &x));
  tensor_t* out = mean_of_squares(x);
  puts("One number computed from x = [[2, 4], [3, 5]]: out = (3 * (x + 2) ** 2).mean()");
  print(out);
  CHECK(tensor_backward(out));
  CHECK(tensor_grad(x, &grad));
  puts("out.backward() goes back through all of it. d out / d x is 1.5 * (x + 2):");
  print(grad);

  puts("Only a number has a gradient without further ado: z.backward()");
  if (tensor_backward(z) != TENSOR_OK) printf("RuntimeError: %s\n", tensor_last_error());

  CHECK(tensor_backward(mean_of_squares(x)));
  CHECK(tensor_grad(x, &grad));
  puts("Gradients add up. After a second backward:");
  print(grad);

  bool recording, recorded;
  CHECK(tensor_grad_enabled_set(false, &recording));
  CHECK(tensor_mul(x, x, &square));
  CHECK(tensor_grad_enabled_set(recording, NULL));
  CHECK(tensor_requires_grad(square, &recorded));
  printf("Under no_grad nothing is recorded: requires_grad of x * x is %s\n",
         recorded ? "True" : "False");
}

static void vector_jacobian_product(void) {
  tensor_options_t with_gradient = tensor_options_default();
  with_gradient.requires_grad = true;

  tensor_t *x, *y, *v, *grad;
  CHECK(tensor_manual_seed(0));
  CHECK(tensor_randn((int64_t[]){3}, 1, &with_gradient, &x));
  CHECK(tensor_mul_scalar(x, tensor_scalar_int64(2), &y));
  for (int i = 1; i < 10; ++i) CHECK(tensor_mul_scalar(y, tensor_scalar_int64(2), &y));
  puts("y doubles x ten times over:");
  print(y);

  const float weights[] = {0.1f, 1.0f, 0.0001f};
  CHECK(tensor_from_data(weights, (int64_t[]){3}, 1, NULL, &v));
  tensor_backward_options_t options = tensor_backward_options_default();
  options.gradient = v;
  CHECK(tensor_backward_with(y, &options));
  CHECK(tensor_grad(x, &grad));
  puts("y has three elements, so backward takes a vector v, and x.grad becomes v times dy/dx:");
  print(grad);
}

int main(void) {
  void (*const parts[])(void) = {tensors, devices, gradients, vector_jacobian_product};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i) {
    /* The scope gives back every tensor that a part made: no release for each of them. */
    CHECK(tensor_scope_push());
    parts[i]();
    CHECK(tensor_scope_pop(NULL, 0));
  }
  return tensor_live_handles() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
