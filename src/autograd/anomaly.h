// Finding the operation whose derivative fails: while anomaly detection is on, every node remembers
// where it was recorded, and backward looks for NaN.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "autograd/node.h"

namespace libtensor::autograd {

// For the whole process, as in PyTorch.
struct AnomalyMode {
  bool enabled = false;
  bool check_nan = true;
};
AnomalyMode anomaly_mode();
void set_anomaly_mode(AnomalyMode mode);

// Where in the program this thread is, in the caller's words; "" for nowhere.
void set_location(std::string location);
// Asked at each node instead, if there is one.
using LocationProvider = std::function<std::string()>;
void set_location_provider(LocationProvider provider);

// node.apply, whose errors and NaN are reported with where the node was recorded.
void apply_watched(Node& node, std::span<const Tensor> gradients, std::span<Tensor> results);
// Where the node was recorded; "" where that is not known.
std::string location_of(const Node& node);

// Before a lock is taken under which nodes are recorded: while it lives, they are of this place,
// and no node asks the program, which may call the library.
class KnownLocation {
 public:
  explicit KnownLocation(bool records = true);
  ~KnownLocation();
  KnownLocation(const KnownLocation&) = delete;
  KnownLocation& operator=(const KnownLocation&) = delete;

 private:
  std::string place_;
  const std::string* before_ = nullptr;
  bool watches_ = false;
};

// For Node itself: remembers where `node` is recorded, and forgets it.
void remember_origin(const Node& node);
void forget_origin(const Node& node);

}  // namespace libtensor::autograd
