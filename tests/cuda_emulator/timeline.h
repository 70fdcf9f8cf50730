// Streams and events: queues of operations, run on the host's thread inside its API calls, in an
// order that a seed draws from all those that the dependencies allow.
//
// Each operation has a vector clock: how many operations of each stream are sure to be done when it
// runs, by the order in which work was enqueued, whatever the order in which it really runs. That
// is what makes a missing wait visible in every schedule.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <source_location>
#include <string>
#include <vector>

#include "include/cuda_runtime.h"

namespace cuda_emulator {

// Indexed by the stream's number; a stream beyond the end counts as 0.
using Clock = std::vector<uint32_t>;
void join(Clock& clock, const Clock& other);
inline bool knows(const Clock& clock, uint32_t stream, uint32_t position) {
  return stream < clock.size() && clock[stream] >= position;
}

struct Stream;
struct Point {  // in a stream: its first `position` operations
  Stream* stream = nullptr;
  uint32_t position = 0;
};

struct Operation {
  uint32_t id = 0;
  const char* name = "";
  Clock clock;
  Point after;               // of another stream, to wait for
  bool bookkeeping = false;  // of the emulator's own: runs even where work is dropped
  std::function<void()> run;
};

struct Stream {
  int device = 0;
  int priority = 0;
  uint32_t number = 0;
  bool destroyed = false;  // its events may live on
  uint32_t enqueued = 0, done = 0;
  Clock clock;  // of the next operation
  std::deque<Operation> queue;
};

struct Event {
  int device = 0;
  Point point;
  Clock clock;
};

// For messages: what an id stands for, also after the operation is done.
struct OperationRecord {
  const char* name;
  const char* file;  // nullptr: enqueued by a function of CUDA
  uint32_t line;
  uint32_t stream, position;
};
const OperationRecord& record_of(uint32_t operation);
std::string describe(uint32_t operation);
// The operation that runs now, or nullptr.
const Operation* running();
inline uint32_t stream_of(const Operation& operation) { return record_of(operation.id).stream; }

// `name` and the location's file live as long as the process.
void enqueue(Stream& stream, const char* name, std::function<void()> run, Point after = {},
             const std::source_location* where = nullptr, bool bookkeeping = false);
Stream& default_stream(int device);
Stream* new_stream(int device, int priority);
void delete_stream(Stream* stream);
size_t live_streams();

void record(Event& event, Stream& stream);
void wait(Stream& stream, const Event& event);
inline bool is_done(const Point& point) {
  return !point.stream || point.stream->done >= point.position;
}
// Runs what must be done for that, and the host knows it.
void synchronize(const Point& point, const Clock& clock);
void synchronize(Stream& stream);
void synchronize_device(int device);
// Runs what waits, without the host's knowing it.
void run_all_work(int device);
// The host has seen that all of a clock is done; or, where that is set for this thread, the
// allocator has, for its own bookkeeping only.
void host_knows(const Clock& clock);
bool set_in_allocator(bool inside);  // returns what was set before
bool is_in_allocator();

// Called by every function of the API: time goes by, and some of the waiting work may run.
void pass_time();
// 0: all work runs as soon as it can, in the order of enqueueing. Others: any order, early or late.
void set_seed(uint64_t seed);
// Drops all work that waits, as after a device is lost.
void drop_all_work();

// The seed's random numbers, for all that is left open.
uint64_t draw();
inline size_t draw_below(size_t bound) { return bound <= 1 ? 0 : draw() % bound; }
bool in_order();  // seed 0

}  // namespace cuda_emulator
