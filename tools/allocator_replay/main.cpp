// allocator-replay: runs recorded allocations through the library's allocator.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "replay.h"
#include "svg.h"
#include "trace.h"

namespace {

using namespace replay;

constexpr const char* kUsage =
    "usage: allocator-replay TRACE... [--capacity BYTES] [--min-capacity] [--json] [--svg FILE]\n"
    "                        [--lag EVENTS] [--plain]\n"
    "\n"
    "Replays each trace (plain or gzipped) through libtensor's caching allocator on a simulated "
    "device.\n"
    "  --capacity BYTES  also replay on a device of this size\n"
    "  --min-capacity    also look for the smallest device on which the trace completes\n"
    "  --json            one object a line and trace; includes --min-capacity\n"
    "  --svg FILE        draw memory over time, of one trace, on the device of --capacity if "
    "given\n"
    "  --lag EVENTS      the device is so many events behind the program (0: it is never behind)\n"
    "  --plain           a device without virtual memory\n";

struct Arguments {
  std::vector<std::string> traces;
  std::optional<size_t> capacity;
  bool min_capacity = false;
  bool json = false;
  std::string svg;
  Options options;
};

struct BadArguments : std::runtime_error {
  using std::runtime_error::runtime_error;
};

size_t parse_number(const std::string& option, const char* text) {
  size_t value = 0;
  const char* const end = text + std::strlen(text);
  const auto result = std::from_chars(text, end, value);
  if (result.ec != std::errc{} || result.ptr != end) {
    throw BadArguments(option + " expects a whole number, not '" + text + "'");
  }
  return value;
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto value = [&]() -> const char* {
      if (i + 1 >= argc) throw BadArguments(argument + " expects a value");
      return argv[++i];
    };
    if (argument == "--capacity") {
      arguments.capacity = parse_number(argument, value());
      if (*arguments.capacity == 0) throw BadArguments("--capacity expects more than 0 bytes");
    } else if (argument == "--min-capacity") {
      arguments.min_capacity = true;
    } else if (argument == "--json") {
      arguments.json = true;
    } else if (argument == "--svg") {
      arguments.svg = value();
    } else if (argument == "--lag") {
      arguments.options.lag = parse_number(argument, value());
    } else if (argument == "--plain") {
      arguments.options.virtual_memory = false;
    } else if (argument.size() > 1 && argument[0] == '-') {
      throw BadArguments("unknown option " + argument);
    } else {
      arguments.traces.push_back(argument);
    }
  }
  if (arguments.traces.empty()) throw BadArguments("no trace is given");
  if (!arguments.svg.empty() && arguments.traces.size() > 1) {
    throw BadArguments("--svg draws one trace, not several");
  }
  return arguments;
}

struct Report {
  Result unlimited;
  Result at_105;
  std::optional<Result> at_capacity;
  std::optional<size_t> min_capacity;
};

Report measure(const Trace& trace, const Arguments& arguments) {
  constexpr int kRepeats = 5;  // the fastest counts
  Report report;
  Options options = arguments.options;
  report.unlimited = replay::replay(trace, options);
  for (int i = 1; i < kRepeats; ++i) {
    report.unlimited.ns_per_event =
        std::min(report.unlimited.ns_per_event, replay::replay(trace, options).ns_per_event);
  }
  options.capacity = trace.peak_live + trace.peak_live / 20;
  report.at_105 = replay::replay(trace, options);
  if (arguments.capacity) {
    options.capacity = *arguments.capacity;
    report.at_capacity = replay::replay(trace, options);
  }
  if (arguments.min_capacity || arguments.json) {
    report.min_capacity = min_capacity(trace, arguments.options, report.unlimited.peak_reserved);
  }
  return report;
}

std::string json_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    char escape[8];
    snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned char>(c));
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += escape;
    else
      out += c;
  }
  return out + "\"";
}

std::string or_null(bool known, uint64_t value) { return known ? std::to_string(value) : "null"; }

void print_json(const Trace& trace, const Report& report, const Arguments& arguments) {
  printf(
      "{\"trace\": %s, \"peak_live\": %llu, \"peak_reserved\": %zu, \"min_capacity\": %zu, "
      "\"device_calls\": %llu, \"device_calls_105\": %s, \"stalls_105\": %s, "
      "\"ns_per_event\": %.1f",
      json_string(trace.name).c_str(), static_cast<unsigned long long>(trace.peak_live),
      report.unlimited.peak_reserved, *report.min_capacity,
      static_cast<unsigned long long>(report.unlimited.device_calls),
      or_null(report.at_105.completed, report.at_105.device_calls).c_str(),
      or_null(report.at_105.completed, report.at_105.stalls).c_str(),
      report.unlimited.ns_per_event);
  if (const auto& at = report.at_capacity) {
    printf(
        ", \"events\": %zu, \"capacity\": %zu, \"completed\": %s, \"events_at_capacity\": %zu, "
        "\"peak_reserved_at_capacity\": %zu, \"device_calls_at_capacity\": %llu, "
        "\"stalls_at_capacity\": %llu",
        trace.events.size(), *arguments.capacity, at->completed ? "true" : "false", at->events,
        at->peak_reserved, static_cast<unsigned long long>(at->device_calls),
        static_cast<unsigned long long>(at->stalls));
  }
  printf("}\n");
}

double ratio(uint64_t bytes, const Trace& trace) {
  return static_cast<double>(bytes) / static_cast<double>(std::max<uint64_t>(trace.peak_live, 1));
}

void print_text(const Trace& trace, const Report& report, const Arguments& arguments) {
  printf("%-16s peak live %8.2f MiB  reserved %.4f x", trace.name.c_str(),
         static_cast<double>(trace.peak_live) / (1 << 20),
         ratio(report.unlimited.peak_reserved, trace));
  if (report.min_capacity) printf("  completes at %.4f x", ratio(*report.min_capacity, trace));
  printf("  calls %llu", static_cast<unsigned long long>(report.unlimited.device_calls));
  if (report.at_105.completed) {
    printf("  at 1.05 x: calls %llu, stalls %llu",
           static_cast<unsigned long long>(report.at_105.device_calls),
           static_cast<unsigned long long>(report.at_105.stalls));
  } else {
    printf("  at 1.05 x: out of memory");
  }
  printf("  %.0f ns/event\n", report.unlimited.ns_per_event);
  if (const auto& at = report.at_capacity) {
    printf("  at %zu bytes: %s after %zu events, reserved %.4f x, calls %llu, stalls %llu\n",
           *arguments.capacity, at->completed ? "completes" : "out of memory", at->events,
           ratio(at->peak_reserved, trace), static_cast<unsigned long long>(at->device_calls),
           static_cast<unsigned long long>(at->stalls));
  }
}

struct Totals {
  double log_reserved = 0, log_capacity = 0;
  uint64_t calls = 0, calls_105 = 0, stalls_105 = 0;
  int count = 0;

  void add(const Trace& trace, const Report& report) {
    log_reserved += std::log(ratio(report.unlimited.peak_reserved, trace));
    if (report.min_capacity) log_capacity += std::log(ratio(*report.min_capacity, trace));
    calls += report.unlimited.device_calls;
    calls_105 += report.at_105.device_calls;
    stalls_105 += report.at_105.stalls;
    ++count;
  }
  void print(bool with_capacity) const {
    printf("geometric mean: reserved %.4f x", std::exp(log_reserved / count));
    if (with_capacity) printf("  completes at %.4f x", std::exp(log_capacity / count));
    printf("  sum of calls %llu; at 1.05 x: calls %llu, stalls %llu\n",
           static_cast<unsigned long long>(calls), static_cast<unsigned long long>(calls_105),
           static_cast<unsigned long long>(stalls_105));
  }
};

void run(const Arguments& arguments) {
  Totals totals;
  for (const std::string& path : arguments.traces) {
    const Trace trace = read_trace(path);
    const Report report = measure(trace, arguments);
    arguments.json ? print_json(trace, report, arguments) : print_text(trace, report, arguments);
    fflush(stdout);
    totals.add(trace, report);
    if (!arguments.svg.empty()) {
      Options options = arguments.options;
      options.capacity = arguments.capacity.value_or(SIZE_MAX);
      std::vector<Sample> samples;
      replay::replay(trace, options, &samples);
      write_svg(arguments.svg, trace, samples);
    }
  }
  if (!arguments.json && totals.count > 1) totals.print(arguments.min_capacity);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && (!std::strcmp(argv[1], "--help") || !std::strcmp(argv[1], "-h"))) {
    fputs(kUsage, stdout);
    return 0;
  }
  try {
    run(parse(argc, argv));
    return 0;
  } catch (const BadArguments& error) {
    fprintf(stderr, "allocator-replay: %s\n%s", error.what(), kUsage);
  } catch (const std::exception& error) {
    fprintf(stderr, "allocator-replay: %s\n", error.what());
  }
  return 2;
}
