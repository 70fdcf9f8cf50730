#include "trace.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <unordered_map>

namespace replay {
namespace {

constexpr int kMaxLine = 65536;
constexpr uint64_t kMaxBytes = uint64_t{1} << 42;
constexpr const char* kBadLine = "a line begins with a, f, r, s, i or # and a space";

std::string stem(const std::string& path) {
  std::string name = path.substr(path.find_last_of('/') + 1);
  for (const char* ending : {".gz", ".trace"}) {
    if (name.size() > std::strlen(ending) && name.ends_with(ending)) {
      name.resize(name.size() - std::strlen(ending));
    }
  }
  return name;
}

class Parser {
 public:
  explicit Parser(const std::string& path) : path_(path) { trace_.name = stem(path); }

  void line(std::string_view text) {
    ++number_;
    if (text.empty() || text[0] == '#') return;
    if (text.size() > 1 && text[1] != ' ' && text[1] != '\t') fail(kBadLine);
    rest_ = text.substr(1, text.find('#') - 1);
    switch (text[0]) {
      case 'a':
        return allocate();
      case 'f':
        return free();
      case 'r':
        return record_stream();
      case 's':
        return stream_wait();
      case 'i':
        integer("iteration");
        finish();
        trace_.events.push_back({Event::Kind::kIteration});
        return;
      default:
        fail(kBadLine);
    }
  }

  void refuse_line(const std::string& reason) {
    ++number_;
    fail(reason);
  }

  Trace take() {
    if (trace_.events.empty()) fail("holds no events");
    return std::move(trace_);
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw std::runtime_error(path_ + ":" + std::to_string(number_) + ": " + reason);
  }

 private:
  struct Live {
    uint32_t block;
    uint64_t bytes;
  };

  uint64_t integer(const char* what) {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t')) rest_.remove_prefix(1);
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error == std::errc::result_out_of_range) fail(std::string("too large a number: ") + what);
    if (error != std::errc{}) fail(std::string("a whole number is missing: ") + what);
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return value;
  }
  uint32_t stream() {
    const uint64_t value = integer("stream");
    if (value > UINT32_MAX) fail("the stream's number is too large");
    return static_cast<uint32_t>(value);
  }
  void finish() const {
    if (rest_.find_first_not_of(" \t\r") != std::string_view::npos) fail("more than was expected");
  }
  auto live_block(uint64_t id) {
    const auto found = live_.find(id);
    if (found == live_.end()) fail("block " + std::to_string(id) + " is not allocated");
    return found;
  }

  void allocate() {
    const uint64_t id = integer("block"), bytes = integer("bytes");
    const uint32_t on = stream();
    finish();
    if (bytes > kMaxBytes) fail("no device has so many bytes");
    if (live_.contains(id)) fail("block " + std::to_string(id) + " is allocated already");
    uint32_t block = trace_.blocks;
    if (unused_.empty()) {
      ++trace_.blocks;
    } else {
      block = unused_.back();
      unused_.pop_back();
    }
    live_[id] = {block, bytes};
    live_bytes_ += bytes;
    if (live_bytes_ > kMaxBytes) fail("no device has so many bytes");
    trace_.peak_live = std::max(trace_.peak_live, live_bytes_);
    trace_.events.push_back({Event::Kind::kAllocate, block, on, bytes});
  }
  void free() {
    const auto found = live_block(integer("block"));
    finish();
    trace_.events.push_back({Event::Kind::kFree, found->second.block});
    live_bytes_ -= found->second.bytes;
    unused_.push_back(found->second.block);
    live_.erase(found);
  }
  void record_stream() {
    const auto found = live_block(integer("block"));
    const uint32_t on = stream();
    finish();
    trace_.events.push_back({Event::Kind::kRecordStream, found->second.block, on});
  }
  void stream_wait() {
    const uint32_t from = stream(), to = stream();
    finish();
    trace_.events.push_back({Event::Kind::kStreamWait, 0, to, from});
  }

  const std::string path_;
  Trace trace_;
  size_t number_ = 0;
  std::string_view rest_;
  std::unordered_map<uint64_t, Live> live_;
  std::vector<uint32_t> unused_;
  uint64_t live_bytes_ = 0;
};

}  // namespace

Trace read_trace(const std::string& path) {
  const auto close = [](gzFile file) { gzclose(file); };
  const std::unique_ptr<gzFile_s, decltype(close)> file(gzopen(path.c_str(), "rb"), close);
  if (!file) throw std::runtime_error(path + ": " + std::strerror(errno));
  gzbuffer(file.get(), 1 << 17);
  Parser parser(path);
  const auto buffer = std::make_unique<char[]>(kMaxLine);
  while (gzgets(file.get(), buffer.get(), kMaxLine)) {
    std::string_view text(buffer.get());
    if (!text.ends_with('\n') && !gzeof(file.get())) {
      parser.refuse_line("the line is too long, or holds a zero byte");
    }
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    parser.line(text);
  }
  int error = Z_OK;
  const char* message = gzerror(file.get(), &error);
  if (error != Z_OK && error != Z_STREAM_END) {
    parser.fail(error == Z_ERRNO ? std::strerror(errno) : message);
  }
  return parser.take();
}

}  // namespace replay
