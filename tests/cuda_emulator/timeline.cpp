#include "timeline.h"

#include <algorithm>
#include <memory>
#include <sstream>
#include <utility>

#include "core/thread_local.h"
#include "device_memory.h"

namespace cuda_emulator {
namespace {

// How eagerly waiting work runs, for a seed.
enum class Pace { kAtOnce, kSometimes, kLate };

struct Timeline {
  std::vector<std::unique_ptr<Stream>> streams;
  Stream* defaults[8] = {};
  std::vector<OperationRecord> records{1};  // ids begin with 1
  Clock host, allocator;
  uint64_t seed = 0, random = 0;
  Pace pace = Pace::kAtOnce;
  size_t patience = 2;  // of kSometimes: one chance in so many that something runs
};

thread_local bool in_allocator = false;

// On this thread: other threads of the host go on meanwhile.
LIBTENSOR_FAST_THREAD_LOCAL const Operation* current = nullptr;

Timeline& timeline() {
  static auto* state = new Timeline;
  return *state;
}

bool is_ready(const Stream& stream) {
  return !stream.queue.empty() && is_done(stream.queue.front().after);
}

void run_next(Stream& stream, bool dropped = false) {
  Operation operation = std::move(stream.queue.front());
  stream.queue.pop_front();
  current = &operation;
  if (operation.run && (operation.bookkeeping || !dropped)) operation.run();
  current = nullptr;
  ++stream.done;
}

// Some stream whose next operation can run, drawn at random; nullptr where none can.
Stream* some_ready_stream() {
  Timeline& t = timeline();
  Stream* chosen = nullptr;
  size_t ready = 0;
  for (const auto& stream : t.streams) {
    if (!is_ready(*stream)) continue;
    ++ready;
    if (!chosen || (!in_order() && draw_below(ready) == 0)) chosen = stream.get();
  }
  return chosen;
}

// Runs what a point needs, and only that.
void run_needed(const Point& point) {
  while (!is_done(point)) {
    const Point after = point.stream->queue.front().after;
    if (!is_done(after)) run_needed(after);
    run_next(*point.stream);
  }
}

// Operations are named by 24 bits in the shadow. When they are used up, all work is done and the
// count begins anew.
void begin_numbering_anew() {
  Timeline& t = timeline();
  while (Stream* stream = some_ready_stream()) run_next(*stream);
  for (const auto& stream : t.streams) join(t.host, stream->clock);
  device_shadow().forget_uses();
  t.records.resize(1);
}

}  // namespace

void join(Clock& clock, const Clock& other) {
  if (clock.size() < other.size()) clock.resize(other.size());
  for (size_t i = 0; i < other.size(); ++i) clock[i] = std::max(clock[i], other[i]);
}

const OperationRecord& record_of(uint32_t operation) { return timeline().records[operation]; }

std::string describe(uint32_t operation) {
  const OperationRecord& record = record_of(operation);
  std::ostringstream text;
  text << '\'' << record.name << '\'';
  if (record.file) text << " (" << record.file << ':' << record.line << ')';
  text << ", operation " << record.position << " of stream " << record.stream;
  return text.str();
}

const Operation* running() { return current; }

void enqueue(Stream& stream, const char* name, std::function<void()> run, Point after,
             const std::source_location* where, bool bookkeeping) {
  Timeline& t = timeline();
  if (t.records.size() > kMaxOperations) begin_numbering_anew();
  join(stream.clock, t.host);
  if (stream.clock.size() <= stream.number) stream.clock.resize(stream.number + 1);
  stream.clock[stream.number] = ++stream.enqueued;
  const auto id = static_cast<uint32_t>(t.records.size());
  t.records.push_back({name, where ? where->file_name() : nullptr, where ? where->line() : 0,
                       stream.number, stream.enqueued});
  Clock clock = stream.clock;
  if (bookkeeping) join(clock, t.allocator);
  stream.queue.push_back({id, name, std::move(clock), after, bookkeeping, std::move(run)});
}

Stream* new_stream(int device, int priority) {
  Timeline& t = timeline();
  auto stream = std::make_unique<Stream>();
  stream->device = device;
  stream->priority = priority;
  stream->number = static_cast<uint32_t>(t.streams.size());
  t.streams.push_back(std::move(stream));
  return t.streams.back().get();
}

// The default stream's work is in order with no other stream's: all others are created as
// non-blocking.
Stream& default_stream(int device) {
  Stream*& stream = timeline().defaults[device];
  if (!stream) stream = new_stream(device, 0);
  return *stream;
}

void delete_stream(Stream* stream) {
  run_needed({stream, stream->enqueued});  // CUDA lets the work finish
  stream->destroyed = true;
}

size_t live_streams() {
  Timeline& t = timeline();
  const auto count = std::ranges::count_if(t.streams, [](const auto& s) { return !s->destroyed; });
  const auto defaults = std::ranges::count_if(t.defaults, [](auto* s) { return s != nullptr; });
  return static_cast<size_t>(count - defaults);
}

void record(Event& event, Stream& stream) {
  enqueue(stream, "cudaEventRecord", nullptr);
  event.point = {&stream, stream.enqueued};
  event.clock = stream.clock;
}

void wait(Stream& stream, const Event& event) {
  if (!event.point.stream) return;  // never recorded
  join(stream.clock, event.clock);
  enqueue(stream, "cudaStreamWaitEvent", nullptr, event.point);
}

void host_knows(const Clock& clock) {
  join(in_allocator ? timeline().allocator : timeline().host, clock);
}
bool set_in_allocator(bool inside) { return std::exchange(in_allocator, inside); }
bool is_in_allocator() { return in_allocator; }

void synchronize(const Point& point, const Clock& clock) {
  Timeline& t = timeline();
  while (!is_done(point) && t.pace == Pace::kSometimes && draw_below(2) == 0) {
    run_next(*some_ready_stream());
  }
  run_needed(point);
  host_knows(clock);
}

void synchronize(Stream& stream) { synchronize({&stream, stream.enqueued}, stream.clock); }

void synchronize_device(int device) {
  for (const auto& stream : timeline().streams) {
    if (stream->device == device) synchronize(*stream);
  }
}

void run_all_work(int device) {
  for (const auto& stream : timeline().streams) {
    if (stream->device == device) run_needed({stream.get(), stream->enqueued});
  }
}

void pass_time() {
  Timeline& t = timeline();
  if (running() || t.pace == Pace::kLate) return;
  while (t.pace == Pace::kAtOnce || draw_below(t.patience) == 0) {
    Stream* const stream = some_ready_stream();
    if (!stream) return;
    run_next(*stream);
  }
}

void set_seed(uint64_t seed) {
  Timeline& t = timeline();
  t.seed = seed;
  t.random = seed;
  t.patience = size_t{2} << seed % 4;
  t.pace = seed == 0 ? Pace::kAtOnce : seed % 3 == 0 ? Pace::kLate : Pace::kSometimes;
}

bool in_order() { return timeline().seed == 0; }

// splitmix64 (S. Vigna, public domain, 2015).
uint64_t draw() {
  uint64_t z = timeline().random += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

void drop_all_work() {
  for (const auto& stream : timeline().streams) {
    while (!stream->queue.empty()) run_next(*stream, /*dropped=*/true);
  }
}

}  // namespace cuda_emulator
