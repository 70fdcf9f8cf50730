/* What the library exports. A program may define both words before it includes a header. */
#ifndef TENSOR_EXPORT_H
#define TENSOR_EXPORT_H

/* In front of each function of the library. */
#ifndef TENSOR_API
#if defined(__GNUC__)
#define TENSOR_API __attribute__((visibility("default")))
#else
#define TENSOR_API
#endif
#endif

/* In front of the small functions that headers define. The library exports them as well, for
 * languages that read no C. */
#ifndef TENSOR_INLINE
#define TENSOR_INLINE static inline
#endif

#endif /* TENSOR_EXPORT_H */
