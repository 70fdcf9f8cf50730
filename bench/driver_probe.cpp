// What calls of CUDA's driver cost on this machine, and whether giving memory back waits for work
// that runs: what the allocator's policy rests on. One JSON object a line:
// {"row": name, "seconds": of a call, the median of some, "note": what else was seen}.
//
// usage: driver_probe     (77: there is no driver or no device)
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "driver.h"

namespace {

constexpr size_t kMiB = size_t{1} << 20;
constexpr int kRepetitions = 9;

// A kernel that does nothing, and one that runs for so many cycles.
constexpr char kKernels[] = R"(
.version 7.8
.target sm_75
.address_size 64
.visible .entry nothing() { ret; }
.visible .entry spin(.param .u64 cycles)
{
  .reg .u64 %most, %start, %now, %passed;
  .reg .pred %more;
  ld.param.u64 %most, [cycles];
  mov.u64 %start, %clock64;
again:
  mov.u64 %now, %clock64;
  sub.u64 %passed, %now, %start;
  setp.lt.u64 %more, %passed, %most;
  @%more bra again;
  ret;
}
)";

driver::Functions f;
void* stream = nullptr;
void* event = nullptr;
void *nothing = nullptr, *spin = nullptr;

void ok(driver::Status status, const char* what) {
  if (status == 0) return;
  std::fprintf(stderr, "driver_probe: %s gives %d\n", what, status);
  std::exit(1);
}
#define OK(call) ok(call, #call)

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double seconds_of(const std::function<void()>& body) {
  const double start = now();
  body();
  return now() - start;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

void print(const std::string& row, double seconds, const std::string& note = "") {
  std::printf("{\"row\": \"%s\", \"seconds\": %.9g, \"note\": \"%s\"}\n", row.c_str(), seconds,
              note.c_str());
  std::fflush(stdout);
}

std::string sized(const char* what, size_t bytes) {
  return std::string(what) + "_" + std::to_string(bytes / kMiB) + "_MiB";
}

// The median of single calls, each given time to end.
void measure(const std::string& row, const std::function<void()>& body) {
  std::vector<double> all;
  for (int i = 0; i < kRepetitions; ++i) {
    all.push_back(seconds_of(body));
    OK(f.synchronize(stream));
  }
  print(row, median(all));
}

// Of many calls one after the other.
void measure_many(const char* row, int count, const std::function<void()>& body) {
  std::vector<double> all;
  for (int i = 0; i < kRepetitions; ++i) {
    all.push_back(seconds_of([&] {
                    for (int j = 0; j < count; ++j) body();
                  }) /
                  count);
    OK(f.synchronize(stream));
  }
  print(row, median(all));
}

void launch(void* kernel, void** arguments = nullptr) {
  OK(f.launch(kernel, 1, 1, 1, 1, 1, 1, 0, stream, arguments, nullptr));
}

void launches_and_events() {
  measure_many("launch", 500, [] { launch(nothing); });
  measure("launch_and_wait", [] {
    launch(nothing);
    OK(f.synchronize(stream));
  });
  measure_many("event_record", 500, [] { OK(f.record(event, stream)); });
  measure_many("event_query_passed", 500, [] { f.query(event); });
  measure_many("stream_wait_event", 500, [] { OK(f.wait_event(stream, event, 0)); });
  size_t free = 0, total = 0;
  measure_many("memory_info", 50, [&] { OK(f.memory_info(&free, &total)); });
}

// A piece of memory, from creation to release, at an address.
struct Piece {
  driver::Handle handle = 0;
  driver::Pointer address = 0;
  size_t bytes = 0;

  void create() {
    const driver::Properties properties;
    OK(f.create(&handle, bytes, &properties, 0));
  }
  void map() const { OK(f.map(address, bytes, 0, handle, 0)); }
  void open() const {
    const driver::Access access;
    OK(f.set_access(address, bytes, &access, 1));
  }
  void unmap() const { OK(f.unmap(address, bytes)); }
  void release() const { OK(f.release(handle)); }
};

driver::Pointer reserve(size_t bytes) {
  driver::Pointer address = 0;
  OK(f.reserve(&address, bytes, 0, 0, 0));
  return address;
}

void pieces(size_t bytes) {
  Piece piece{0, reserve(bytes), bytes};
  std::vector<double> create, map, open, unmap, release;
  for (int i = 0; i < kRepetitions; ++i) {
    create.push_back(seconds_of([&] { piece.create(); }));
    map.push_back(seconds_of([&] { piece.map(); }));
    open.push_back(seconds_of([&] { piece.open(); }));
    unmap.push_back(seconds_of([&] { piece.unmap(); }));
    release.push_back(seconds_of([&] { piece.release(); }));
  }
  OK(f.unreserve(piece.address, bytes));
  print(sized("create", bytes), median(create));
  print(sized("map", bytes), median(map));
  print(sized("set_access", bytes), median(open));
  print(sized("unmap", bytes), median(unmap));
  print(sized("release", bytes), median(release));
}

// Access to a range of many pieces, asked for once or for each.
void range_of_pieces() {
  constexpr size_t kCount = 16, kBytes = 2 * kMiB;
  const driver::Pointer range = reserve(kCount * kBytes);
  std::vector<Piece> all;
  for (size_t i = 0; i < kCount; ++i) {
    all.push_back({0, range + i * kBytes, kBytes});
    all.back().create();
  }
  const auto map_all = [&] {
    for (const Piece& piece : all) piece.map();
  };
  map_all();
  print("set_access_of_16_pieces_each", seconds_of([&] {
          for (const Piece& piece : all) piece.open();
        }));
  for (const Piece& piece : all) piece.unmap();
  map_all();
  const Piece whole{0, range, kCount * kBytes};
  print("set_access_of_16_pieces_once", seconds_of([&] { whole.open(); }));
  print("unmap_of_16_pieces_once", seconds_of([&] { whole.unmap(); }));
  for (const Piece& piece : all) piece.release();
  OK(f.unreserve(range, kCount * kBytes));
}

// How much of the address space the driver gives.
void reservations() {
  for (size_t gib = 1024; gib <= 65536; gib *= 8) {
    driver::Pointer address = 0;
    driver::Status status = 0;
    const double seconds = seconds_of([&] { status = f.reserve(&address, gib << 30, 0, 0, 0); });
    const std::string row = "reserve_" + std::to_string(gib / 1024) + "_TiB";
    print(row, seconds, status == 0 ? "" : "refused: " + std::to_string(status));
    if (status == 0) OK(f.unreserve(address, gib << 30));
  }
}

// Does the call come back while a kernel runs that has nothing to do with its memory?
void beside_a_kernel(const char* row, const std::function<void()>& call) {
  unsigned long long cycles = 100'000'000;  // some 50 ms
  void* arguments[] = {&cycles};
  OK(f.synchronize(stream));
  launch(spin, arguments);
  OK(f.record(event, stream));
  const bool ran_before = f.query(event) == driver::kNotReady;
  const double seconds = seconds_of(call);
  const bool runs_still = f.query(event) == driver::kNotReady;
  OK(f.synchronize(stream));
  print(row, seconds,
        !ran_before  ? "the kernel was done before"
        : runs_still ? "does not wait for the kernel"
                     : "waits for the kernel");
}

void waits() {
  constexpr size_t kBytes = 2 * kMiB;
  Piece piece{0, reserve(kBytes), kBytes};
  beside_a_kernel("create_beside_a_kernel", [&] { piece.create(); });
  beside_a_kernel("map_beside_a_kernel", [&] { piece.map(); });
  beside_a_kernel("set_access_beside_a_kernel", [&] { piece.open(); });
  beside_a_kernel("unmap_beside_a_kernel", [&] { piece.unmap(); });
  beside_a_kernel("release_beside_a_kernel", [&] { piece.release(); });
  OK(f.unreserve(piece.address, kBytes));
  driver::Pointer plain = 0;
  beside_a_kernel("cudaMalloc_beside_a_kernel", [&] { OK(f.allocate(&plain, kBytes)); });
  beside_a_kernel("cudaFree_beside_a_kernel", [&] { OK(f.free(plain)); });
  void* pinned = nullptr;
  beside_a_kernel("pin_beside_a_kernel", [&] { OK(f.allocate_host(&pinned, kBytes, 0)); });
  beside_a_kernel("unpin_beside_a_kernel", [&] { OK(f.free_host(pinned)); });
}

void plain_memory(size_t bytes) {
  std::vector<double> allocate, free, pin, unpin;
  for (int i = 0; i < kRepetitions; ++i) {
    driver::Pointer data = 0;
    void* pinned = nullptr;
    allocate.push_back(seconds_of([&] { OK(f.allocate(&data, bytes)); }));
    free.push_back(seconds_of([&] { OK(f.free(data)); }));
    pin.push_back(seconds_of([&] { OK(f.allocate_host(&pinned, bytes, 0)); }));
    unpin.push_back(seconds_of([&] { OK(f.free_host(pinned)); }));
  }
  print(sized("cudaMalloc", bytes), median(allocate));
  print(sized("cudaFree", bytes), median(free));
  print(sized("pin", bytes), median(pin));
  print(sized("unpin", bytes), median(unpin));
}

void copies(const char* kind, void* host, driver::Pointer device, size_t bytes) {
  const std::string name = std::to_string(bytes) + "_bytes_" + kind;
  measure("to_the_device_" + name, [&] {
    OK(f.copy_in(device, host, bytes, stream));
    OK(f.synchronize(stream));
  });
  measure("to_the_host_" + name, [&] {
    OK(f.copy_out(host, device, bytes, stream));
    OK(f.synchronize(stream));
  });
}

void all_copies() {
  constexpr size_t kMost = 64 * kMiB;
  driver::Pointer device = 0;
  void* pinned = nullptr;
  OK(f.allocate(&device, kMost));
  OK(f.allocate_host(&pinned, kMost, 0));
  std::vector<char> pageable(kMost);
  for (size_t bytes : {size_t{4}, kMost}) {
    if (pinned) copies("pinned", pinned, device, bytes);
    copies("pageable", pageable.data(), device, bytes);
  }
  OK(f.free_host(pinned));
  OK(f.free(device));
}

// "" or why there is nothing to measure.
std::string open_driver() {
  void* const library = dlopen("libcuda.so.1", RTLD_NOW);
  if (!library) return "there is no driver: libcuda.so.1 cannot be opened";
  if (const char* missing = driver::find(library, &f)) {
    return std::string("the driver has no ") + missing;
  }
  if (const driver::Status status = f.init(0)) return "cuInit gives " + std::to_string(status);
  int count = 0;
  OK(f.device_count(&count));
  return count > 0 ? "" : "there is no CUDA device";
}

void open_device() {
  void *context = nullptr, *module = nullptr;
  const double seconds = seconds_of([&] { OK(f.retain_context(&context, 0)); });
  OK(f.set_context(context));
  int version = 0;
  OK(f.driver_version(&version));
  print("context", seconds, "driver " + std::to_string(version));
  print("compile_ptx", seconds_of([&] { OK(f.load_module(&module, kKernels)); }));
  OK(f.function(&nothing, module, "nothing"));
  OK(f.function(&spin, module, "spin"));
  OK(f.create_stream(&stream, 1));  // does not wait for the default stream
  OK(f.create_event(&event, 2));    // without a clock
}

}  // namespace

int main() {
  if (const std::string reason = open_driver(); !reason.empty()) {
    std::fprintf(stderr, "driver_probe: %s\n", reason.c_str());
    return 77;
  }
  open_device();
  launches_and_events();
  for (size_t bytes : {2 * kMiB, 8 * kMiB, 32 * kMiB, 128 * kMiB}) pieces(bytes);
  range_of_pieces();
  waits();
  reservations();
  for (size_t bytes : {2 * kMiB, 128 * kMiB}) plain_memory(bytes);
  all_copies();
  return 0;
}
