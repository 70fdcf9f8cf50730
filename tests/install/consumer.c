/* A program that knows the installed library only. */
#include <stdio.h>
#include <tensor/tensor.h>

int main(void) {
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
  tensor_release(x);
  tensor_release(y);
  printf("%d handles\n", (int)tensor_live_handles());
  return 0;
}
