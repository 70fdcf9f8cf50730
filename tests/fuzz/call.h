// One call: draws its arguments, makes it, judges what it did.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "fuzz/callbacks.h"
#include "fuzz/world.h"

namespace test {

// How large a tensor a function can be given: some visit each element, some do so often.
enum Size : uint8_t { kAny, kFew, kTiny };

// A row of the table that write_call_table.py writes.
struct Row {
  const char* name;
  Size size;
  bool process_wide;    // changes settings of the whole process
  bool runs_backward;   // may add to gradients, also where it fails
  bool changes_lists;   // may change the tensors of its lists
  bool sets_error;      // returns a status that it was given
  bool gives_gradient;  // its result may be changed by backward
  bool sets_data;       // gives a tensor another's memory
  bool sets_history;    // gives tensors of its lists a history of the caller's own
  bool sets_stream;     // another one is current
  Registration::Rule rule;
  void (*call)(class Call& call);
};
extern const std::span<const Row> call_table;

class Call {
 public:
  Call(World& world, Choices& choices, const Row& row);

  // --- arguments
  const tensor_t* tensor(const char* name) { return given<tensor_t>(name, kRead); }
  tensor_t* changed(const char* name) { return given<tensor_t>(name, kChange); }
  template <class T>
  T* handle(const char* name) {
    return given<T>(name, kRead);
  }
  // A handle that the call releases.
  template <class T>
  T* given_up(const char* name) {
    T* const handle = given<T>(name, kGiveUp);
    given_up_ = handle;
    given_up_kind_ = KindOf<T>::kind;
    return handle;
  }
  tensor_t* const* tensors(const char* name);
  tensor_t* const* optional_tensors(const char* name);  // as long as another list may be
  const tensor_edge_t* edges(const char* name);
  const int64_t* sizes(const char* name);
  size_t length(const char* name);  // of the list drawn last
  size_t count(const char* name);   // of results
  size_t index(const char* name);
  int64_t integer(const char* name);
  int32_t small_integer(const char* name) { return static_cast<int32_t>(integer(name)); }
  uint64_t bytes(const char* name);
  double real(const char* name);
  bool flag(const char* name);
  tensor_scalar_t scalar(const char* name);
  tensor_dtype_t dtype(const char* name);
  tensor_device_t device(const char* name);
  int32_t word(int32_t count, const char* name);  // of an enumeration, or one beside it
  tensor_status_t any_status(const char* name);
  const char* text(const char* name);
  const char* message(const char* name);  // never an empty one, which is no message
  const char* path(const char* name);
  size_t events(const char* name);
  int32_t threads(const char* name);
  uint64_t budget(const char* name);
  template <class Options>
  const Options* options(const char* name);
  // Those of an operation, filled by `fill`.
  template <class Options, class Fill>
  const Options* operation_options(const char* name, Fill&& fill) {
    static_assert(sizeof(Options) + 16 <= sizeof(operation_options_));
    if (choices_.one_in(4)) {
      note(name, "NULL");
      return nullptr;
    }
    std::memset(operation_options_, 0, sizeof(operation_options_));
    // A field of a later version.
    if (choices_.one_in(16)) operation_options_[sizeof(Options)] = 1;
    auto* const options = reinterpret_cast<Options*>(operation_options_);
    fill(*options);
    options->struct_size = struct_size(sizeof(Options));
    return options;
  }
  AnyCallback callback(const char* name);
  AnyCallback destroy(const char* name);
  tensor_callable_t callable(const char* name) { return callback(name); }
  void* user(const char* name);
  // A place for a result, or for as many as there can be.
  template <class T>
  T** results(const char* name) {
    Results& places = results_[drawn_results_++];
    places.kind = KindOf<T>::kind;
    places.handles.fill(nullptr);
    if (null(name)) return nullptr;
    places.drawn = true;
    room_is_last_ = false;
    return reinterpret_cast<T**>(places.handles.data());
  }
  // Room for what is no handle: one T, or as many as capacity() then says.
  template <class T>
  T* room(const char* name) {
    return static_cast<T*>(room_of(name, sizeof(T)));
  }
  template <class T>
  T* sized_room(const char* name) {
    void* const room = room_of(name, sizeof(T));
    set_struct_size(sizeof(T));
    return static_cast<T*>(room);
  }
  // Of as many as the capacity says, which comes after another room.
  template <class T>
  T* list_room(const char* name) {
    T* const room = this->room<T>(name);
    rooms_[drawn_rooms_ - 1].is_list = true;
    return room;
  }
  size_t capacity(const char* name);  // of the room, or the results, drawn last

  // --- the call
  template <class F>
  void status(F&& call) {
    before();
    world_.calling = true;
    const tensor_status_t status = call();
    world_.calling = false;
    after(status);
  }
  template <class F>
  void value(F&& call) {
    before();
    world_.calling = true;
    [[maybe_unused]] const auto result = call();
    world_.calling = false;
    if constexpr (std::is_pointer_v<decltype(result)>) {
      if (!result) world_.fail(std::string(row_.name) + ": NULL");
    }
    after(TENSOR_OK);
  }

  World& world() { return world_; }
  Choices& choices() { return choices_; }
  void note(const char* name, const std::string& text);
  bool null(const char* name);  // whether a pointer is NULL, seldom
  bool tracing() const { return world_.settings.trace; }

 private:
  static constexpr size_t kList = 8, kPlaces = 16, kRoom = 2048;
  static constexpr unsigned char kUntouched = 0x3c;
  struct Results {
    Kind kind = kTensor;
    bool drawn = false;
    std::array<void*, kPlaces> handles;
  };
  struct Room {
    alignas(16) unsigned char bytes[kRoom];
    size_t element = 0, count = 1;
    bool is_struct = false, is_list = false;
  };

  enum Use : uint8_t { kRead, kChange, kGiveUp };
  template <class T>
  T* given(const char* name, Use use) {
    return static_cast<T*>(any_handle(KindOf<T>::kind, name, use));
  }
  void* any_handle(Kind kind, const char* name, Use use);
  void* slot_handle(Kind kind);
  void* wrong_handle(Kind kind);
  tensor_t* fresh();
  bool fits(const Slot& slot) const;
  void fill_list(tensor_t** list, const char* name);
  void* room_of(const char* name, size_t element);
  void set_struct_size(size_t right);
  size_t struct_size(size_t right);
  void mark(const void* handle);
  void add_other_handles();
  bool may_lead_back() const;
  void before();
  void after(tensor_status_t status);
  void check_failure(tensor_status_t status);
  void check_rooms(tensor_status_t status);
  void keep_results();
  void note_gradients(tensor_status_t status);
  void compare(tensor_status_t status);
  void compare_one(Slot& slot, bool own, bool shares);
  std::vector<const char*> gradient_storages();

  World& world_;
  Choices& choices_;
  const Row& row_;
  tensor_t* lists_[4][kList];
  size_t drawn_lists_ = 0;
  tensor_edge_t edges_[2][kList];
  size_t drawn_edges_ = 0;
  std::vector<int64_t> sizes_[2];
  size_t drawn_sizes_ = 0, length_ = 0;
  Results results_[3];
  size_t drawn_results_ = 0;
  Room rooms_[4];
  size_t drawn_rooms_ = 0;
  bool room_is_last_ = false;
  union {
    unsigned char options_[256];
    uint64_t aligned_;
  };
  alignas(uint64_t) unsigned char operation_options_[256];
  Registration* registration_ = nullptr;
  tensor_device_t device_ = {TENSOR_CPU, 0};  // drawn last
  bool callback_missing_ = false;
  std::vector<const void*> given_, changed_;
  std::vector<const char*> storages_;  // of what may change
  std::vector<const char*> gradients_;
  void* given_up_ = nullptr;
  Kind given_up_kind_ = kTensor;
  bool was_given_up_ = false;
  bool may_lead_back_ = false;
  std::string notes_;
};

// Functions whose arguments depend on each other: special.cpp.
void call_from_data(Call& call);
void call_from_blob(Call& call);
void call_copy_to(Call& call);
void call_copy_from(Call& call);
void call_scope_push(Call& call);
void call_scope_pop(Call& call);
void call_hooks_push(Call& call);
void call_hooks_pop(Call& call);
void call_ownership(Call& call);

}  // namespace test
