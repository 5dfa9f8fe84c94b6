#include "config/log_repeats.h"

#include <algorithm>
#include <array>

#include "config/printable.h"

namespace simsync::log {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMost = 2000;
constexpr std::size_t kLongestKept = 512;  // bytes of a value
// How long nothing is written of what was written once, twice, and ever after.
constexpr std::array<std::chrono::seconds, 3> kSilences = {1min, 10min, 1h};
// What did not come for so long is news again.
constexpr std::chrono::seconds kForgotten = 1h;

// FNV-1a, 64 bits.
class Hash {
 public:
  void add(char c) { value_ = (value_ ^ static_cast<unsigned char>(c)) * 1099511628211U; }
  void add(std::string_view text) {
    for (const char c : text) add(c);
    add('\0');
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 14695981039346656037U;
};

bool of_a_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

// Words that hold a digit count as one and the same.
void add_prose(Hash& hash, std::string_view text) {
  while (!text.empty()) {
    const auto end = std::find_if_not(text.begin(), text.end(), of_a_word);
    const std::string_view word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    hash.add(word.find_first_of("0123456789") == std::string_view::npos ? word : "#");
    text.remove_prefix(word.size());
    if (text.empty()) return;
    hash.add(text.front());
    text.remove_prefix(1);
  }
}

std::uint64_t key_of_event(int level, std::string_view event) {
  Hash hash;
  hash.add(std::to_string(level));
  hash.add(event);
  return hash.value();
}

}  // namespace

std::uint64_t Repeats::key_of(int level, std::string_view event, std::span<const Field> fields) {
  Hash hash;
  hash.add(std::to_string(level));
  hash.add(event);
  for (const Field& field : fields) {
    hash.add(field.key);
    if (field.bare) continue;
    if (field.value.find(' ') == std::string::npos) {
      hash.add(field.value);
    } else {
      add_prose(hash, field.value);
    }
  }
  return hash.value();
}

std::vector<Field> Repeats::Summary::all_fields() const {
  std::vector<Field> all;
  for (const auto& [key, field] : fields) {
    all.push_back(field);
    all.back().key = key;
  }
  all.emplace_back("repeated", repeated);
  all.emplace_back("for_s", during.count());
  return all;
}

bool Repeats::came(int level, std::string_view event, std::span<const Field> fields, TimePoint now) {
  std::uint64_t key = key_of(level, event, fields);
  if (known_.size() >= kMost && !known_.contains(key)) key = key_of_event(level, event);
  const auto [at, is_new] = known_.try_emplace(key);
  Known& known = at->second;
  known.last = now;
  const bool say = is_new || (known.left_out.repeated == 0 && now >= due_at(known));
  if (say) {
    if (!is_new) ++known.step;
    known.said = now;
    next_due_ = std::min(next_due_, now + kForgotten);
  } else {
    leave_out(known, level, event, fields);
    next_due_ = std::min(next_due_, due_at(known));
  }
  return say;
}

std::vector<Repeats::Summary> Repeats::due(TimePoint now) {
  std::vector<Summary> summaries;
  next_due_ = TimePoint::max();
  for (auto at = known_.begin(); at != known_.end();) {
    Known& known = at->second;
    if (known.left_out.repeated > 0 && (now == TimePoint::max() || now >= due_at(known))) {
      const TimePoint until = now == TimePoint::max() ? known.last : now;
      known.left_out.during = std::chrono::ceil<std::chrono::seconds>(until - known.said);
      summaries.push_back(std::exchange(known.left_out, {}));
      known.said = until;
      ++known.step;
    }
    if (known.left_out.repeated == 0 && now != TimePoint::max() && now - known.last >= kForgotten) {
      at = known_.erase(at);
      continue;
    }
    next_due_ = std::min(next_due_, known.left_out.repeated > 0 ? due_at(known) : known.last + kForgotten);
    ++at;
  }
  return summaries;
}

Repeats::TimePoint Repeats::due_at(const Known& known) {
  return known.said + kSilences[std::min<std::size_t>(known.step, kSilences.size() - 1)];
}

void Repeats::leave_out(Known& known, int level, std::string_view event, std::span<const Field> fields) {
  Summary& left_out = known.left_out;
  ++left_out.repeated;
  left_out.level = level;
  left_out.event = event;
  left_out.fields.clear();
  for (const Field& field : fields) {
    left_out.fields.emplace_back(std::string{field.key}, field);
    std::string& value = left_out.fields.back().second.value;
    value = beginning(value, kLongestKept);
  }
}

}  // namespace simsync::log
