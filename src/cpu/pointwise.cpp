// Runs a pointwise kernel over operands of any strides and dtypes: the output is cut into boxes of
// some hundred elements, each operand's part of a box is brought into a contiguous block of the
// compute dtype unless it lies so already, the kernel runs on the blocks, and the result is
// converted and put where it belongs.
#include "cpu/pointwise.h"

#include <hwy/cache_control.h>

#include <algorithm>
#include <cstring>

#include "core/generated/functors/copy.h"
#include "core/loop_nest.h"
#include "cpu/cpu_kernel.h"
#include "cpu/kernel_tables.h"
#include "cpu/strided_copy.h"
#include "cpu/threads.h"

namespace libtensor::cpu {
namespace {

constexpr int kMaxOperands = 1 + PointwiseCall::kMaxInputs;  // the output first
constexpr int64_t kBlock = 512;          // elements that pass through buffers at once: six of them
                                         // on stacks of 64 KiB
constexpr int64_t kDirectBlock = 16384;  // where no buffers are needed
constexpr int64_t kGrain = 32768;        // elements that are worth a thread
constexpr int64_t kTile = 32;
constexpr int64_t kStreamed = 16 << 20;  // bytes of a thread's result that are not worth a cache
constexpr int64_t kStreamedBlock = 256;  // elements of it at once: longer bursts hold up the loads

using Nest = LoopNest<kMaxOperands>;

struct alignas(64) Block {
  unsigned char bytes[kBlock * 8];
};

// How an operand is met in each box.
struct Access {
  unsigned char* data;
  DType dtype;
  int size;
  bool direct;     // contiguous in every box: no gathering
  bool converted;  // of another dtype than the kernel's
};

class StridedRun {
 public:
  explicit StridedRun(const PointwiseCall& call);
  void run() const;

 private:
  void build_nest(const PointwiseCall& call);
  void choose_box();
  bool tile_dims();
  bool lies_contiguous(int operand) const;
  void set_contiguous(const int64_t* extents, int64_t* strides) const;
  void run_boxes(int64_t begin, int64_t end) const;
  const void* load(int operand, const unsigned char* source, const int64_t* extents, int64_t n,
                   Block& raw, Block& block) const;
  void store(unsigned char* target, const int64_t* extents, int64_t n, void* result,
             Block& raw) const;

  PointwiseKernel kernel_;
  const Scalar* parameters_;
  bool copies_;             // the operation is Copy
  DType compute_, result_;  // of the kernel's inputs and output
  Nest nest_;
  Access access_[kMaxOperands];
  int64_t extents_[kMaxDims];  // of a box; those at the far edges are smaller
  int64_t box_elements_ = 1, boxes_ = 1;
  bool tiled_ = false;
};

StridedRun::StridedRun(const PointwiseCall& call)
    : kernel_(pointwise_kernel(call.op, call.compute)),
      parameters_(call.parameters),
      copies_(call.op == functor::kCopy),
      compute_(call.compute),
      result_(kernels.pointwise[call.op].returns_bool ? DType::kBool : call.compute) {
  // A copy without conversion need not even know what it moves.
  if (copies_ && call.out.dtype == call.in[0].dtype) compute_ = result_ = call.out.dtype;
  build_nest(call);
  for (int k = 0; k < nest_.operands; ++k) {
    const Operand& operand = k == 0 ? call.out : call.in[k - 1];
    access_[k] = {static_cast<unsigned char*>(operand.data), operand.dtype,
                  static_cast<int>(size_of(operand.dtype)), false,
                  operand.dtype != (k == 0 ? result_ : compute_)};
  }
  choose_box();
}

void StridedRun::build_nest(const PointwiseCall& call) {
  nest_.operands = 1 + call.input_count;
  for (int i = call.ndim - 1; i >= 0; --i) {
    if (call.shape[i] == 1) continue;
    nest_.strides[0][nest_.ndim] = call.out.strides[i];
    for (int k = 0; k < call.input_count; ++k) {
      nest_.strides[k + 1][nest_.ndim] = call.in[k].strides[i];
    }
    nest_.push(call.shape[i]);
  }
  nest_.sort_by_stride();
  nest_.collapse();
}

// Where some operand runs along another dim than the output does, square tiles of the two keep both
// in the cache.
bool StridedRun::tile_dims() {
  if (nest_.ndim < 2 || nest_.shape[0] < kTile / 2) return false;
  for (int k = 1; k < nest_.operands; ++k) {
    const int64_t* strides = nest_.strides[k];
    if (strides[0] <= 1) continue;
    for (int i = 1; i < nest_.ndim; ++i) {
      if (strides[i] > 0 && strides[i] < strides[0] && nest_.shape[i] >= kTile / 2) {
        nest_.move_dim(i, 1);
        return true;
      }
    }
  }
  return false;
}

// Whether the operand's part of every box is one run of memory. Only the outermost dim of a box may
// be cut.
bool StridedRun::lies_contiguous(int operand) const {
  int64_t expected = 1;
  bool cut = false;
  for (int i = 0; i < nest_.ndim; ++i) {
    if (extents_[i] > 1 && (cut || nest_.strides[operand][i] != expected)) return false;
    expected *= extents_[i];
    cut = cut || extents_[i] < nest_.shape[i];
  }
  return true;
}

void StridedRun::choose_box() {
  const int ndim = nest_.ndim;
  bool rows_ready = true;  // the kernel can work on whole rows where they are
  for (int k = 0; k < nest_.operands; ++k) {
    rows_ready = rows_ready && !access_[k].converted && ndim > 0 && nest_.strides[k][0] == 1;
  }
  std::fill_n(extents_, ndim, int64_t{1});
  if (ndim > 0 && rows_ready && nest_.shape[0] >= kBlock / 2) {
    extents_[0] = std::min(nest_.shape[0], kDirectBlock);
  } else if (tile_dims()) {
    tiled_ = true;
    extents_[0] = std::min(nest_.shape[0], kTile);
    extents_[1] = std::min(nest_.shape[1], kBlock / extents_[0]);
  } else {
    int64_t room = kBlock;
    for (int i = 0; i < ndim && room > 1; ++i) {
      extents_[i] = std::min(nest_.shape[i], room);
      room = extents_[i] == nest_.shape[i] ? room / extents_[i] : 1;
    }
  }
  for (int i = 0; i < ndim; ++i) {
    box_elements_ *= extents_[i];
    boxes_ *= ceil_div(nest_.shape[i], extents_[i]);
  }
  for (int k = 0; k < nest_.operands; ++k) access_[k].direct = lies_contiguous(k);
}

void StridedRun::set_contiguous(const int64_t* extents, int64_t* strides) const {
  int64_t stride = 1;
  for (int i = 0; i < nest_.ndim; ++i) {
    strides[i] = stride;
    stride *= extents[i];
  }
}

// The operand's part of a box, as `n` contiguous elements of the compute dtype.
const void* StridedRun::load(int operand, const unsigned char* source, const int64_t* extents,
                             int64_t n, Block& raw, Block& block) const {
  const Access& access = access_[operand];
  const void* contiguous = source;
  if (!access.direct) {
    int64_t box_strides[kMaxDims];
    set_contiguous(extents, box_strides);
    void* gathered = access.converted ? raw.bytes : block.bytes;
    strided_copy(access.size, nest_.ndim, extents, gathered, box_strides, source,
                 nest_.strides[operand]);
    contiguous = gathered;
  }
  if (!access.converted) return contiguous;
  convert_kernel(access.dtype, compute_)(block.bytes, contiguous, n);
  return block.bytes;
}

void StridedRun::store(unsigned char* target, const int64_t* extents, int64_t n, void* result,
                       Block& raw) const {
  const Access& access = access_[0];
  if (access.direct) return convert_kernel(result_, access.dtype)(target, result, n);
  if (access.converted) {
    convert_kernel(result_, access.dtype)(raw.bytes, result, n);
    result = raw.bytes;
  }
  int64_t box_strides[kMaxDims];
  set_contiguous(extents, box_strides);
  strided_copy(access.size, nest_.ndim, extents, target, nest_.strides[0], result, box_strides);
}

void StridedRun::run_boxes(int64_t begin, int64_t end) const {
  Block raw, blocks[kMaxOperands];
  const unsigned char* loaded_from[kMaxOperands] =
      {};  // what a block holds, to load it once if it stays the same
  int64_t loaded_elements[kMaxOperands] = {};
  const void* in[PointwiseCall::kMaxInputs] = {};
  const bool direct_out = access_[0].direct && !access_[0].converted;
  const bool moves_only = copies_ && !access_[0].converted && !access_[1].converted;

  for (int64_t box = begin; box < end; ++box) {
    int64_t extents[kMaxDims];
    int64_t offsets[kMaxOperands] = {};
    int64_t n = 1, rest = box;
    bool cut = false;
    for (int i = 0; i < nest_.ndim; ++i) {
      const int64_t across = ceil_div(nest_.shape[i], extents_[i]);
      const int64_t first = (rest % across) * extents_[i];
      rest /= across;
      extents[i] = std::min(extents_[i], nest_.shape[i] - first);
      cut = cut || extents[i] != extents_[i];
      n *= extents[i];
      for (int k = 0; k < nest_.operands; ++k) offsets[k] += first * nest_.strides[k][i];
    }
    unsigned char* const target = access_[0].data + offsets[0] * access_[0].size;
    if (moves_only && !tiled_) {
      strided_copy(access_[0].size, nest_.ndim, extents, target, nest_.strides[0],
                   access_[1].data + offsets[1] * access_[1].size, nest_.strides[1]);
      continue;
    }
    for (int k = 1; k < nest_.operands; ++k) {
      const unsigned char* source = access_[k].data + offsets[k] * access_[k].size;
      if (!cut && loaded_elements[k] == n && loaded_from[k] == source) continue;
      in[k - 1] = load(k, source, extents, n, raw, blocks[k]);
      loaded_from[k] = source;
      loaded_elements[k] = cut ? 0 : n;
    }
    if (moves_only) {  // a tile: through a block, so that each side's cache lines are used up at
                       // once
      store(target, extents, n, const_cast<void*>(in[0]), raw);
      continue;
    }
    void* const result = direct_out ? static_cast<void*>(target) : blocks[0].bytes;
    kernel_(result, in, n, parameters_);
    if (!direct_out) store(target, extents, n, result, raw);
  }
}

void StridedRun::run() const {
  const int64_t grain = std::max<int64_t>(1, kGrain / box_elements_);
  parallel_for(boxes_, grain, [this](int64_t begin, int64_t end) { run_boxes(begin, end); });
}

// Runs `kernel` by blocks that a cache holds, whose results go past the caches to `out`: there,
// each line would be read before it is written, and would drive out others.
void run_streamed(const PointwiseCall& call, PointwiseKernel kernel, unsigned char* out,
                  int64_t out_size, const void* const* in, int64_t in_size, int64_t n) {
  Block block;
  for (int64_t i = 0; i < n; i += kStreamedBlock) {
    const int64_t count = std::min(n - i, kStreamedBlock);
    const void* sources[PointwiseCall::kMaxInputs];
    for (int k = 0; k < call.input_count; ++k)
      sources[k] = static_cast<const unsigned char*>(in[k]) + i * in_size;
    if (count % 64 == 0) {  // whole lines, of elements of any size
      kernel(block.bytes, sources, count, call.parameters);
      kernels.stream(out + i * out_size, block.bytes, count * out_size);
    } else {
      kernel(out + i * out_size, sources, count, call.parameters);
    }
  }
  hwy::FlushStream();
}

// May what one thread computes go past the caches? A result that is an input is in them already.
bool streams(const PointwiseCall& call, const unsigned char* out, int64_t bytes) {
  if (bytes < kStreamed || reinterpret_cast<uintptr_t>(out) % 64 != 0) return false;
  for (int k = 0; k < call.input_count; ++k) {
    if (call.in[k].data == call.out.data) return false;
  }
  return true;
}

[[gnu::noinline]] void run_contiguous_parallel(const PointwiseCall& call, PointwiseKernel kernel) {
  const int64_t in_size = static_cast<int64_t>(size_of(call.compute));
  const int64_t out_size = static_cast<int64_t>(size_of(call.out.dtype));
  // Whole cache lines for each thread.
  parallel_for(ceil_div(call.numel, 64), kGrain / 64, [&](int64_t begin, int64_t end) {
    begin *= 64;
    end = std::min(end * 64, call.numel);
    const void* in[PointwiseCall::kMaxInputs];
    for (int k = 0; k < call.input_count; ++k) {
      in[k] = static_cast<const unsigned char*>(call.in[k].data) + begin * in_size;
    }
    unsigned char* const out = static_cast<unsigned char*>(call.out.data) + begin * out_size;
    if (streams(call, out, (end - begin) * out_size)) {
      run_streamed(call, kernel, out, out_size, in, in_size, end - begin);
    } else {
      kernel(out, in, end - begin, call.parameters);
    }
  });
}

}  // namespace

void pointwise(const PointwiseCall& call) {
  if (call.contiguous) [[likely]] {
    const PointwiseKernel kernel = pointwise_kernel(call.op, call.compute);
    if (call.numel > kGrain) return run_contiguous_parallel(call, kernel);
    const void* in[PointwiseCall::kMaxInputs];
    for (int k = 0; k < call.input_count; ++k) in[k] = call.in[k].data;
    return kernel(call.out.data, in, call.numel, call.parameters);
  }
  if (call.numel > 0) StridedRun(call).run();
}

namespace {
const CpuKernel<pointwise> add_pointwise;
}  // namespace

}  // namespace libtensor::cpu
