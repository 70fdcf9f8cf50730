// What a kind of device can do: memory, and one entry per family of kernels, over plain structs.
// Callers (src/ops) have checked everything; a backend only computes. All strides count elements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/device.h"
#include "core/dims.h"
#include "core/dtype.h"
#include "core/pointwise_op.h"
#include "core/scalar.h"

namespace libtensor {

// One tensor as a kernel sees it. `strides` has one entry per dim of the call's shape, 0 where it
// is broadcast.
struct Operand {
  void* data;
  DType dtype;
  const int64_t* strides;
};

// out[i] = op(in[0][i], in[1][i], ...), each input first converted to `compute`, the result
// converted to out's dtype. `out` may be one of the inputs; otherwise it overlaps none of them.
struct PointwiseCall {
  static constexpr int kMaxInputs = 4;

  PointwiseOp op;
  DType compute;  // never a half type: those compute in float32
  int ndim = 0;
  const int64_t* shape = nullptr;
  int64_t numel = 0;
  bool contiguous = false;  // all operands contiguous, of dtype `compute` (out: of the op's result
                            // type): one flat loop
  uint8_t host_inputs = 0;  // bit i: in[i] lies in the host's memory; to another device that is one
                            // element, given with the call
  int input_count = 0;
  Operand out;
  Operand in[kMaxInputs];  // only so many are set: to clear the others would cost each call
};

enum class ReduceOp : uint8_t {
  kSum,
  kMean,
  kMax,
  kMin,
  kArgMax,
  kArgMin,
  kMaxIndex,
  kMinIndex,
  kAny,
  kAll
};

// out has stride 0 in the reduced dims. Sums and means of half types accumulate in float, of
// integers in int64. kMaxIndex/kMinIndex write the extreme value to `out` and its position along
// the one reduced dim to `index`; kArgMax/kArgMin write int64 positions to `out` only: in the order
// of the reduced dims taken as one. Ties go to the first position; a NaN is greater and less than
// all else, and the first NaN wins. kAny/kAll write bool. An empty reduction gives 0, NaN (mean),
// false, true; the caller has refused the others.
struct ReduceCall {
  ReduceOp op;
  int ndim = 0;
  const int64_t* shape = nullptr;  // of the input
  uint64_t reduced = 0;            // bit i: dim i is reduced
  Operand in{}, out{}, index{};    // index.dtype is int64
};

// Along the middle of three contiguous dims [outer, length, inner], all of one floating dtype.
struct SoftmaxCall {
  bool log = false;
  int64_t outer = 1, length = 1, inner = 1;
  DType dtype;
  const void* in = nullptr;    // forward: the input; backward: the forward's result
  const void* grad = nullptr;  // backward only
  void* out = nullptr;
};

// c[b] = alpha * a[b] @ b[b] + beta * c[b]; a is [m, k], b is [k, n], all of one dtype, any strides
// for a and b, c is row-major contiguous within a batch. With beta == 0, c is not read. Integers
// wrap around.
struct MatmulCall {
  DType dtype;
  int64_t batch = 1, m = 0, n = 0, k = 0;
  const void *a = nullptr, *b = nullptr;
  void* c = nullptr;
  int64_t a_batch_stride = 0, a_row_stride = 0, a_col_stride = 0;
  int64_t b_batch_stride = 0, b_row_stride = 0, b_col_stride = 0;
  int64_t c_batch_stride = 0;
  double alpha = 1, beta = 0;
  bool tf32 = false;  // CUDA may round factors of float32 to TF32's 10 bits
};

// What index operations do with the element that an index names.
enum class ScatterMode : uint8_t { kAssign, kAdd };

// gather:  out[i][j][k]  = self[index[i][j][k]][j][k]   (for dim 0)
// scatter: self[index[i][j][k]][j][k] (=|+=) src[i][j][k]
// `shape` is index's; `self.strides` are self's own, `dim_size` is self's size in `dim`. A bad
// index is refused before anything is written: "index {i} is out of bounds for dimension {dim} with
// size {dim_size}"; on CUDA, unless `at_once`, it is left out and reported when the host next
// waits.
struct GatherCall {
  bool at_once = false;
  int ndim = 0;
  int dim = 0;
  const int64_t* shape = nullptr;
  int64_t dim_size = 0;
  // other: out of a gather, src of a scatter; index.dtype is int64
  Operand self{}, index{}, other{};
};

// index_select: out[i] = self[index[i]] along `dim`; index_add: self[index[i]] += src[i] along
// `dim`. `shape` is that of `other` (out, or src); index has `count` elements of int64 or int32
// with one stride. Bad indices are as in GatherCall.
struct IndexCall {
  bool at_once = false;
  int ndim = 0;
  int dim = 0;
  const int64_t* shape = nullptr;
  int64_t dim_size = 0;
  int64_t index_stride = 1;
  Operand self{}, index{}, other{};
};

// Negative log likelihood of [rows, classes] log-probabilities; target int64 [rows]. `weight` may
// be null. reduction: 0 none (out: [rows]), 1 mean, 2 sum (out: one element). total_weight: one
// element. Bad targets are as the indices of GatherCall.
struct NllLossCall {
  bool at_once = false;
  DType dtype;
  int64_t rows = 0, classes = 0;
  int64_t input_row_stride = 0, input_class_stride = 0;
  int64_t ignore_index = -100;
  int reduction = 1;
  const void *input = nullptr, *weight = nullptr;
  const int64_t* target = nullptr;
  const void* grad = nullptr;                    // backward only: of out
  void *out = nullptr, *total_weight = nullptr;  // backward: out is [rows, classes], contiguous
};

enum class Distribution : uint8_t { kUniform, kNormal };

// Fills `numel` elements that lie without gaps from the device's generator: uniform in [0, 1), or
// normal (0, 1).
struct RandomCall {
  Distribution distribution;
  DType dtype;
  int64_t numel = 0;
  void* out = nullptr;
  bool row_major = true;  // else numbers are drawn one by one, as PyTorch does for such tensors
};

// What a device says of itself.
struct DeviceProperties {
  std::string name;
  int major = 0, minor = 0;  // compute capability
  int multiprocessors = 0;
  int max_threads_per_multiprocessor = 0;
  size_t total_memory = 0;  // bytes
};

// A queue of a device's work, which runs in the order in which it was put there: a cudaStream_t. 0
// is the device's default stream.
using StreamId = uintptr_t;
// A point in a stream's work, from create_event to destroy_event: a cudaEvent_t.
using EventId = uintptr_t;

// A device's pieces; see each struct. There is one backend for each device. Errors are thrown as
// Error. Work is put into the calling thread's current stream of that device, and functions return
// before it is done; what a caller passes besides tensors' memory may go as soon as they return.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual void* allocate(Device device, size_t bytes) = 0;  // 64-byte aligned; bytes may be 0
  virtual void free(Device device, void* data, size_t bytes) noexcept = 0;
  // Work given to `stream` until now uses the block that begins at `data`, of this device or
  // pinned: once freed, it goes to nobody else before that work is done. Other memory is left
  // alone.
  virtual void record_stream(const void* /*data*/, StreamId) {}
  // Memory of the host that the device copies from and to while the host goes on.
  virtual void* allocate_pinned(size_t /*bytes*/) {
    fail(Status::kUnavailable, "Cannot access accelerator device when none is available.");
  }
  virtual void free_pinned(void* /*data*/) noexcept {}
  virtual bool is_pinned(const void* /*data*/) { return false; }  // does such a block begin there?
  // Between two places of this device, or this device and the host. The host's memory is ready, and
  // may go, when this returns, unless it is pinned and `non_blocking` is set.
  virtual void copy_bytes(void* destination, Device to, const void* source, Device from,
                          size_t bytes, bool non_blocking = false) = 0;

  virtual void pointwise(const PointwiseCall& call) = 0;
  virtual void reduce(const ReduceCall& call) = 0;
  virtual void softmax(const SoftmaxCall& call) = 0;
  virtual void softmax_backward(const SoftmaxCall& call) = 0;
  virtual void matmul(const MatmulCall& call) = 0;
  virtual void gather(const GatherCall& call) = 0;
  virtual void scatter(const GatherCall& call, ScatterMode mode) = 0;
  virtual void index_select(const IndexCall& call) = 0;
  virtual void index_add(const IndexCall& call) = 0;
  virtual void nll_loss(const NllLossCall& call) = 0;
  virtual void nll_loss_backward(const NllLossCall& call) = 0;
  // out[i] = start + i * step for `numel` contiguous elements; floating dtypes compute in double,
  // others in int64.
  virtual void arange(Operand out, int64_t numel, Scalar start, Scalar step) = 0;
  virtual void random(const RandomCall& call) = 0;
  virtual void manual_seed(uint64_t seed) = 0;
  virtual uint64_t initial_seed() = 0;
  // All there is to the generator, as bytes; none where the device has no generator. To set them
  // makes it go on from there.
  virtual std::vector<unsigned char> random_state() { return {}; }
  virtual void set_random_state(std::span<const unsigned char>) {}

  // Streams and events. The CPU's work is done when a call returns: it has the default stream only.
  virtual DeviceProperties properties() { return {.name = "cpu"}; }
  virtual StreamId current_stream() noexcept { return 0; }  // of the calling thread
  virtual void set_current_stream(StreamId) noexcept {}
  // One of a pool of streams that live as long as the process; a lower number runs first.
  virtual StreamId pooled_stream(int) { return 0; }
  virtual void synchronize_stream(StreamId) {}
  virtual bool is_stream_done(StreamId) { return true; }
  virtual void synchronize() {}  // all streams of the device
  virtual EventId create_event(bool /*timing*/) { return 0; }
  virtual void destroy_event(EventId) noexcept {}
  virtual void record_event(EventId, StreamId) {}
  virtual void wait_event(StreamId, EventId) {}  // the stream's later work waits, not the host
  // Later work of the one waits for what the other has been given so far.
  virtual void wait_stream(StreamId /*later*/, StreamId /*earlier*/) {}
  virtual void synchronize_event(EventId) {}
  virtual bool is_event_done(EventId) { return true; }
  virtual double milliseconds_between(EventId, EventId) { return 0; }
};

// The backend of a device. Throws Error(kUnavailable) where there is no such device. The first
// request for a CUDA device opens the plug-in.
Backend& backend_for(Device device);
// The same, but null where the device has not been used yet, or is not there.
Backend* opened_backend(Device device) noexcept;
// Called by each backend when it is loaded. The backend lives as long as the process.
void register_backend(Device device, Backend* backend);
// So many devices of a kind are there. `open` makes the backend of one when it is first used, and
// may throw Error; it is never called by two threads at once.
void register_devices(DeviceType type, int count, Backend* (*open)(int index));
// Whether matrix products of float32 may use TF32 on CUDA devices; not at first, as in PyTorch.
bool tf32_allowed() noexcept;
void allow_tf32(bool allowed) noexcept;
// Whether CUDA devices look at all indices, targets and divisors before a call returns, and the
// host waits for it; not at first.
bool checks_at_once() noexcept;
void check_at_once(bool at_once) noexcept;

// The CUDA device that this thread means where it names none; 0 at first.
int current_cuda_device();
void set_current_cuda_device(int index);  // throws where there is no such device
// How many devices of a kind are known now; opens nothing.
int device_count(DeviceType type);

}  // namespace libtensor
