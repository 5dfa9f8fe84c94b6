#include "storage/pg_binary.h"

#include <chrono>
#include <utility>

namespace simsync {
namespace {

// Dimensions, flags, element type, length, lower bound: five words in network order.
constexpr std::size_t kHeader = 20;
constexpr std::size_t kHeaderOfEmpty = 12;
constexpr char kJsonbVersion = 1;

template <typename T>
void append_number(std::string& bytes, T value) {
  char digits[sizeof value];
  for (std::size_t i = 0; i < sizeof value; ++i) {
    digits[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * (sizeof value - 1 - i)));
  }
  bytes.append(digits, sizeof value);
}

std::uint64_t since_2000(TimePoint time) {
  constexpr TimePoint kEpoch = std::chrono::sys_days{std::chrono::year{2000} / 1 / 1};
  return static_cast<std::uint64_t>((time - kEpoch).count());
}

std::string without_nul(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    if (c == '\0') {
      clean += "\xEF\xBF\xBD";
    } else {
      clean += c;
    }
  }
  return clean;
}

}  // namespace

BinaryArray::BinaryArray(ElementType type) : type_(type), bytes_(kHeader, '\0') {}

void BinaryArray::append(std::string_view element) {
  if (element.find('\0') != std::string_view::npos) return append(std::string_view{without_nul(element)});
  ++count_;
  const bool json = type_ == ElementType::jsonb;
  append_number(bytes_, static_cast<std::uint32_t>(element.size() + (json ? 1 : 0)));
  if (json) bytes_ += kJsonbVersion;
  bytes_.append(element);
}

void BinaryArray::append(TimePoint time) {
  ++count_;
  append_number(bytes_, std::uint32_t{8});
  append_number(bytes_, since_2000(time));
}

void BinaryArray::append(std::int64_t number) {
  ++count_;
  append_number(bytes_, std::uint32_t{8});
  append_number(bytes_, static_cast<std::uint64_t>(number));
}

std::string BinaryArray::take() {
  std::string header;
  append_number(header, std::uint32_t{count_ > 0 ? 1U : 0U});
  append_number(header, std::uint32_t{0});
  append_number(header, static_cast<std::uint32_t>(type_));
  append_number(header, count_);
  append_number(header, std::uint32_t{1});
  bytes_.replace(0, kHeader, header);
  if (count_ == 0) bytes_.resize(kHeaderOfEmpty);
  return std::move(bytes_);
}

std::string binary_time(TimePoint time) {
  std::string bytes;
  append_number(bytes, since_2000(time));
  return bytes;
}

}  // namespace simsync
