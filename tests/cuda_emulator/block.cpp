#include "block.h"

#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

#include "core/thread_local.h"
#include "report.h"
#include "timeline.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace cuda_emulator {
namespace {

namespace context = boost::context;

constexpr size_t kStackBytes = 64 << 10;
constexpr unsigned kWarp = 32;

// Of this thread of the host: what others do meanwhile is the host's doing. The model spares a call
// for each access.
[[gnu::tls_model("initial-exec")]] thread_local const RunningThread* running_here = nullptr;

// Shared memory, with room behind it in which accesses out of bounds do no harm.
alignas(128) unsigned char shared_bytes[2 * kMaxSharedBytes];

// A fiber that runs threads to their ends, one after the other.
struct Worker {
  context::fiber fiber;
  context::fiber scheduler;
  uintptr_t stack_top = 0;
};

struct Thread {
  Worker* worker = nullptr;  // from when it begins to its end
};

// A collective operation of a warp: lanes put their values in, the last one to come completes it.
// Values of two rounds are kept, since a lane may begin the next one before others have read.
struct Warp {
  uint32_t arrived = 0, mask = 0;
  uint32_t round = 0;
  uint32_t tick = 0;
  uint64_t values[2][kWarp];
  uint32_t votes[2];
  uint32_t exited = 0;
  std::vector<uint32_t> waiting;
};

class Block {
 public:
  void run(KernelCall& call, uint32_t block_in_grid, dim3 block);

  void synchronize();
  uint64_t exchange(unsigned mask, uint64_t value, int lane_to_read, bool vote);
  RunningThread current;
  KernelCall* call = nullptr;

 private:
  Warp& warp() { return warps_[current.in_block / kWarp]; }
  uint32_t take_ready();
  void start(uint32_t index);
  bool start_in(Worker& worker);
  void suspend();
  void finish_thread();
  void release_barrier();
  void complete(Warp& warp);
  void check_warp(Warp& warp);
  void give_up();
  void place(uint32_t index);
  Worker* take_worker();
  void work(Worker& worker);

  std::vector<Thread> threads_;
  std::vector<Warp> warps_;
  std::vector<uint32_t> ready_, at_barrier_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> idle_;
  uint32_t block_in_grid_ = 0, live_ = 0;

 public:
  Worker* running_worker = nullptr;
};

Block& block() {
  static auto* state = new Block;
  return *state;
}

Worker* Block::take_worker() {
  if (!idle_.empty()) {
    Worker* const worker = idle_.back();
    idle_.pop_back();
    return worker;
  }
  workers_.push_back(std::make_unique<Worker>());
  Worker* const worker = workers_.back().get();
  worker->fiber =
      context::fiber(std::allocator_arg, context::protected_fixedsize_stack(kStackBytes),
                     [this, worker](context::fiber&& scheduler) {
                       char here;
                       worker->stack_top = reinterpret_cast<uintptr_t>(&here);
                       worker->scheduler = std::move(scheduler);
                       for (;;) work(*worker);
                       return context::fiber();
                     });
  return worker;
}

// One thread of a block, on its fiber. The next one goes on here where it can: to change fibers
// costs more than most threads do.
void Block::work(Worker& worker) {
  call->run_thread();
  finish_thread();
  if (start_in(worker)) return;
  idle_.push_back(&worker);
  worker.scheduler = std::move(worker.scheduler).resume();
}

void Block::finish_thread() {
  threads_[current.in_block].worker = nullptr;
  --live_;
  Warp& own = warp();
  own.exited |= 1u << (current.in_block % kWarp);
  check_warp(own);
  release_barrier();
}

void Block::suspend() {
  Worker* const worker = running_worker;
  worker->scheduler = std::move(worker->scheduler).resume();
}

void Block::place(uint32_t index) {
  const Warp& own = warps_[index / kWarp];
  current.in_block = index;
  current.in_grid = block_in_grid_ * current.block_size + index;
  current.warp_tick = own.tick;
  threadIdx = {index % blockDim.x, index / blockDim.x % blockDim.y,
               index / (blockDim.x * blockDim.y)};
}

// Some thread that can go on, drawn at random.
uint32_t Block::take_ready() {
  if (!in_order()) std::swap(ready_[draw_below(ready_.size())], ready_.back());
  const uint32_t index = ready_.back();
  ready_.pop_back();
  return index;
}

// On its own fiber.
void Block::start(uint32_t index) {
  place(index);
  Thread& thread = threads_[index];
  if (!thread.worker) thread.worker = take_worker();
  running_worker = thread.worker;
  running_here = &current;
  running_worker->fiber = std::move(running_worker->fiber).resume();
  running_here = nullptr;
  running_worker = nullptr;
}

// Makes the next thread one of this fiber, unless there is none, or it has a fiber of its own.
bool Block::start_in(Worker& worker) {
  if (ready_.empty()) return false;
  const uint32_t index = take_ready();
  if (threads_[index].worker) {
    ready_.push_back(index);
    return false;
  }
  place(index);
  threads_[index].worker = &worker;
  return true;
}

// All threads that have not ended stand at the barrier: on they go.
void Block::release_barrier() {
  if (at_barrier_.empty() || at_barrier_.size() != live_) return;
  current.block_tick = ++current.tick;
  ready_.insert(ready_.end(), at_barrier_.begin(), at_barrier_.end());
  at_barrier_.clear();
}

void Block::synchronize() {
  at_barrier_.push_back(current.in_block);
  release_barrier();
  suspend();
}

void Block::complete(Warp& own) {
  own.tick = ++current.tick;
  ++own.round;
  own.arrived = own.mask = 0;
  ready_.insert(ready_.end(), own.waiting.begin(), own.waiting.end());
  own.waiting.clear();
}

// A lane that has ended cannot come any more: the GPU would wait for ever, or give rubbish.
void Block::check_warp(Warp& own) {
  if (own.mask & own.exited) {
    report(std::string("a lane that has ended is named by a warp's collective of ") +
           describe(running()->id));
    complete(own);
  }
}

uint64_t Block::exchange(unsigned mask, uint64_t value, int lane_to_read, bool vote) {
  Warp& own = warp();
  const uint32_t self = current.in_block % kWarp;
  const uint32_t parity = own.round & 1;
  const uint32_t lanes = std::min(kWarp, current.block_size - current.in_block / kWarp * kWarp);
  if (lanes < kWarp)
    mask &= (1u << lanes) - 1;  // a full mask may stand for a warp that is not full
  if (!(mask >> self & 1)) {
    report(
        std::string("a lane that its own mask leaves out takes part in a warp's collective of ") +
        describe(running()->id));
    mask |= 1u << self;
  }
  if (own.arrived == 0) {
    own.mask = mask;
    own.votes[parity] = 0;
  } else if (own.mask != mask) {
    report(std::string("lanes of one warp's collective name different masks in ") +
           describe(running()->id));
    own.mask |= mask;
  }
  own.arrived |= 1u << self;
  own.values[parity][self] = value;
  if (vote && value) own.votes[parity] |= 1u << self;
  own.waiting.push_back(current.in_block);
  if (own.arrived == own.mask) {
    complete(own);
  } else {
    check_warp(own);
  }
  suspend();
  if (vote) return own.votes[parity];
  if (lane_to_read < 0) return value;
  if (!(mask >> lane_to_read & 1)) return 0xdeaddeaddeaddead;  // undefined on the GPU
  return own.values[parity][lane_to_read];
}

// Threads wait that nobody will wake.
void Block::give_up() {
  std::string text = std::to_string(at_barrier_.size()) + " of " + std::to_string(live_) +
                     " threads stand at a __syncthreads that the others do not reach, in " +
                     describe(running()->id);
  if (at_barrier_.empty()) {
    text = "lanes wait in a warp's collective that the others do not reach, in " +
           describe(running()->id);
  }
  report(std::move(text));
  workers_.clear();  // unwinds the threads
  idle_.clear();
}

void Block::run(KernelCall& kernel, uint32_t block_in_grid, dim3 shape) {
  const uint32_t count = shape.x * shape.y * shape.z;
  call = &kernel;
  block_in_grid_ = block_in_grid;
  current = {};
  current.block_size = count;
  threads_.assign(count, {});
  warps_.assign((count + kWarp - 1) / kWarp, {});
  at_barrier_.clear();
  ready_.resize(count);
  std::iota(ready_.rbegin(), ready_.rend(), 0u);
  live_ = count;
  while (!ready_.empty()) start(take_ready());
  if (live_ > 0) give_up();
}

}  // namespace

const RunningThread* running_thread() { return running_here; }

Shadow& shared_shadow() {
  static auto* state = new Shadow(reinterpret_cast<uintptr_t>(shared_bytes), sizeof shared_bytes);
  return *state;
}

bool is_thread_memory(uintptr_t address) {
  const Block& b = block();
  const auto arguments = reinterpret_cast<uintptr_t>(b.call);
  if (address - arguments < b.call->bytes) return true;
  return b.running_worker && b.running_worker->stack_top + 4096 - address < kStackBytes + 4096;
}

void run_grid(KernelCall& call, dim3 grid, dim3 shape, size_t bytes) {
  blockDim = shape;
  gridDim = grid;
  const uint64_t count = uint64_t{grid.x} * grid.y * grid.z;
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  if (!in_order()) {
    for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[draw_below(i)]);
  }
  for (const uint32_t index : order) {
    blockIdx = {index % grid.x, index / grid.x % grid.y, index / (grid.x * grid.y)};
    if (bytes > 0) {
      std::memset(shared_bytes, 0xff, bytes);
      shared_shadow().reset(reinterpret_cast<uintptr_t>(shared_bytes), bytes, kUninitialised);
    }
    block().run(call, index, shape);
  }
  if (bytes > 0) {
    shared_shadow().reset(reinterpret_cast<uintptr_t>(shared_bytes), bytes, kUnaddressable);
  }
}

void* shared_memory() { return shared_bytes; }
unsigned lane_id() { return block().current.in_block % kWarp; }
void synchronize_block() { block().synchronize(); }
uint64_t exchange(unsigned mask, uint64_t value, int lane_to_read) {
  return block().exchange(mask, value, lane_to_read, false);
}
unsigned vote(unsigned mask, bool value) {
  return static_cast<unsigned>(block().exchange(mask, value, -1, true));
}

}  // namespace cuda_emulator
