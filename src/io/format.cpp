#include "io/format.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <vector>

#include "autograd/history.h"
#include "io/number_format.h"
#include "ops/generated/compute/copies.h"

namespace libtensor {
namespace {

// PyTorch's default print options.
constexpr int64_t kThreshold = 1000;  // above this many elements only the edges are shown
constexpr int64_t kEdgeItems = 3;
constexpr int kLineWidth = 80;

constexpr std::string_view kPrefix = "tensor(";
constexpr int kIndent = static_cast<int>(kPrefix.size());

// The tensor's elements in this process's memory, and which of them are shown.
struct Elements {
  const Dims& shape;
  const Dims& strides;
  const std::byte* data;
  bool summarize;

  bool elided(int dim) const { return summarize && shape[dim] > 2 * kEdgeItems; }

  // Calls body(i) for every index shown in `dim`, and gap() where some are left out.
  template <class Body, class Gap>
  void for_each_index(int dim, Body&& body, Gap&& gap) const {
    const int64_t size = shape[dim];
    const int64_t head = elided(dim) ? kEdgeItems : size;
    for (int64_t i = 0; i < head; ++i) body(i);
    if (head == size) return;
    gap();
    for (int64_t i = size - kEdgeItems; i < size; ++i) body(i);
  }
};

// Writes elements of the C++ type T with one of the formats of number_format.h.
template <class T, class Format>
class ElementsWriter {
 public:
  ElementsWriter(const Elements& elements, std::string& out)
      : elements_(elements), format_(survey(elements)), out_(out) {}

  void write() { write_from(0, elements_.data, kIndent); }

 private:
  // A bool's byte may hold more than 0 and 1, and a caller's memory need not be aligned.
  static typename Format::Value load(const std::byte* at) {
    if constexpr (std::is_same_v<T, bool>) {
      return *at != std::byte{0};
    } else {
      T value;
      std::memcpy(&value, at, sizeof value);
      if constexpr (std::is_integral_v<T> || std::is_same_v<T, double>) {
        return value;
      } else {
        return static_cast<float>(value);
      }
    }
  }

  static int64_t step(const Elements& elements, int dim) {
    return elements.strides[dim] * static_cast<int64_t>(sizeof(T));
  }

  static Format survey(const Elements& elements) {
    typename Format::Survey result;
    survey_from(elements, 0, elements.data, result);
    return Format(result);
  }

  static void survey_from(const Elements& elements, int dim, const std::byte* at,
                          typename Format::Survey& result) {
    if (dim == elements.shape.size()) return result.add(load(at));
    const int64_t bytes = step(elements, dim);
    elements.for_each_index(
        dim, [&](int64_t i) { survey_from(elements, dim + 1, at + i * bytes, result); }, [] {});
  }

  // `indent` is the column of the opening bracket, or of the only element.
  void write_from(int dim, const std::byte* at, int indent) {
    const int left = elements_.shape.size() - dim;
    if (left == 0) return format_.append(load(at), out_);
    if (left == 1) return write_row(dim, at, indent);
    const int64_t bytes = step(elements_, dim);
    bool first = true;
    const auto separate = [&] {
      if (!first) break_line(left - 1, indent + 1);
      first = false;
    };
    out_ += '[';
    elements_.for_each_index(
        dim,
        [&](int64_t i) {
          separate();
          write_from(dim + 1, at + i * bytes, indent + 1);
        },
        [&] {
          separate();
          out_ += "...";
        });
    out_ += ']';
  }

  // The innermost dim: as many elements on a line as fit into the line width.
  void write_row(int dim, const std::byte* at, int indent) {
    const int per_line = std::max(1, (kLineWidth - indent) / (format_.width() + 2));
    const int64_t bytes = step(elements_, dim);
    int64_t written = 0;
    const auto separate = [&] {
      if (written != 0 && written % per_line == 0) {
        break_line(1, indent + 1);
      } else if (written != 0) {
        out_ += ", ";
      }
      ++written;
    };
    out_ += '[';
    elements_.for_each_index(
        dim,
        [&](int64_t i) {
          separate();
          format_.append(load(at + i * bytes), out_);
        },
        [&] {
          separate();
          out_ += " ...";
        });
    out_ += ']';
  }

  void break_line(int newlines, int column) {
    out_ += ',';
    out_.append(newlines, '\n');
    out_.append(column, ' ');
  }

  const Elements& elements_;
  const Format format_;
  std::string& out_;
};

void append_elements(const Elements& elements, DType dtype, std::string& out) {
  dispatch(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, bool>) {
      ElementsWriter<T, io::BoolFormat>(elements, out).write();
    } else if constexpr (std::is_integral_v<T>) {
      ElementsWriter<T, io::IntegerFormat>(elements, out).write();
    } else {
      ElementsWriter<T, io::FloatFormat>(elements, out).write();
    }
  });
}

void append_body(const Tensor& tensor, std::string& out) {
  if (tensor.numel() == 0) {
    out += "[]";
    return;
  }
  const Tensor here =
      tensor.device().is_cpu() ? tensor : ops::compute::to_copy(tensor, tensor.dtype(), Device{});
  const Elements elements{
      .shape = here.shape(),
      .strides = here.strides(),
      .data = here.data_as<const std::byte>(),
      .summarize = tensor.numel() > kThreshold,
  };
  append_elements(elements, tensor.dtype(), out);
}

// As Python writes a tuple; never of one size only, which is not shown.
std::string tuple_of(const Dims& shape) {
  std::string text = "(";
  for (int i = 0; i < shape.size(); ++i) {
    if (i != 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + ")";
}

// The dtypes that the elements themselves tell: without elements only the default one.
bool is_dtype_obvious(const Tensor& tensor) {
  const DType dtype = tensor.dtype();
  if (dtype == DType::kFloat32) return true;
  return tensor.numel() != 0 && (dtype == DType::kInt64 || dtype == DType::kBool);
}

// The name of its grad_fn, or none. That of a view whose base has changed is made anew first, which
// is refused for some.
std::string grad_fn_name(const Tensor& tensor) {
  try {
    if (tensor.is_view()) autograd::grad_fn(tensor);
  } catch (const Error&) {
    return "Invalid";
  }
  const auto& node = tensor.impl()->grad_fn;
  return node ? node->name() : "";
}

std::vector<std::string> suffixes_of(const Tensor& tensor) {
  std::vector<std::string> suffixes;
  if (!tensor.device().is_cpu()) suffixes.push_back("device='" + tensor.device().name() + "'");
  if (tensor.numel() == 0 && tensor.ndim() != 1) {
    suffixes.push_back("size=" + tuple_of(tensor.shape()));
  }
  if (!is_dtype_obvious(tensor)) {
    suffixes.push_back(std::string("dtype=torch.") + name_of(tensor.dtype()));
  }
  if (const std::string node = grad_fn_name(tensor); !node.empty()) {
    suffixes.push_back("grad_fn=<" + node + ">");
  } else if (tensor.requires_grad()) {
    suffixes.emplace_back("requires_grad=True");
  }
  return suffixes;
}

// A suffix that would end beyond the line width goes to a line of its own.
void append_suffixes(const std::vector<std::string>& suffixes, std::string& out) {
  const size_t line_start = out.rfind('\n') + 1;  // npos + 1 is 0
  // PyTorch counts two columns more here than the line has; line breaks depend on it.
  size_t column = out.size() - line_start + 2;
  for (const std::string& suffix : suffixes) {
    if (column + suffix.size() + 2 > kLineWidth) {
      out.append(",\n").append(kIndent, ' ');
      column = kIndent + suffix.size();
    } else {
      out += ", ";
      column += suffix.size() + 2;
    }
    out += suffix;
  }
}

}  // namespace

std::string to_string(const Tensor& tensor) {
  check(tensor.defined(), "an undefined tensor has no text form");
  std::string out(kPrefix);
  append_body(tensor, out);
  append_suffixes(suffixes_of(tensor), out);
  out += ')';
  return out;
}

}  // namespace libtensor
