/* What the library exports. */
#ifndef TENSOR_EXPORT_H
#define TENSOR_EXPORT_H

#if defined(__GNUC__)
#define TENSOR_API __attribute__((visibility("default")))
#else
#define TENSOR_API
#endif

#endif /* TENSOR_EXPORT_H */
