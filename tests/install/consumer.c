/* A program that knows the installed library only. */
#include <stdio.h>
#include <tensor/tensor.h>

static tensor_status_t six(int64_t* out) {
  tensor_t *two = NULL, *product = NULL;
  tensor_options_t integers = tensor_options_dtype(TENSOR_INT32);
#ifdef TENSOR_SCALAR
  const tensor_scalar_t three = TENSOR_SCALAR(3);
#else
  const tensor_scalar_t three = tensor_scalar_int64(3);
#endif
  TENSOR_TRY(tensor_full(NULL, 0, tensor_scalar_int64(2), &integers, &two));
  TENSOR_TRY(tensor_mul_scalar(two, three, &product));
  TENSOR_TRY(tensor_item_int64(product, out));
  TENSOR_TRY(tensor_release(product));
  return tensor_release(two);
}

int main(void) {
  int64_t number = 0;
  tensor_t *x = NULL, *y = NULL;
  char text[200];
  const int64_t shape[] = {2, 2};
  tensor_options_t options = tensor_options_default();
  options.requires_grad = true;
  if (tensor_ones(shape, 2, &options, &x) != TENSOR_OK) return 1;
  if (tensor_mul(x, x, &y) != TENSOR_OK) return 2;
  if (tensor_to_string(y, text, sizeof text, NULL) != TENSOR_OK) return 3;
  printf("version %06x\n%s\n", (unsigned)tensor_version(), text);
  if (tensor_backward(y) == TENSOR_OK) return 4;
  printf("%s\n", tensor_last_error());
  if (six(&number) != TENSOR_OK || number != 6) return 5;
  tensor_release(x);
  tensor_release(y);
  printf("%d handles\n", (int)tensor_live_handles());
  return 0;
}
