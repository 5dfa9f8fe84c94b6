#include "sync/walk/sim_key.h"

#include <array>
#include <cstring>
#include <random>
#include <string>

#include "sync/api/json_text.h"

// The whole of xxHash is inlined: a call for each short field would cost more than the hashing.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace simsync {
namespace {

constexpr std::uint64_t kEmptyObject = 0;          // however it is spelt
constexpr std::size_t kDeepest = json::kMaxDepth;  // nesting of what the parser lets through

std::uint64_t mixed(std::uint64_t one, std::uint64_t other) {
  const std::array<std::uint64_t, 2> both = {one, other};
  return XXH3_64bits(both.data(), sizeof both);
}

// Hashes a JSON text by its meaning: white space and the order of members do not count, strings count decoded. Text
// that is no JSON gets some hash, too.
class JsonMeaning {
 public:
  explicit JsonMeaning(std::string_view text, std::uint64_t seed) : text_(text), seed_(seed) {}

  std::uint64_t hash() { return value(0); }

 private:
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char wanted) {
    skip_space();
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

  std::uint64_t of_bytes(std::string_view bytes, std::uint64_t kind) const {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed_ ^ kind);
  }

  std::uint64_t value(std::size_t depth) {
    skip_space();
    if (depth > kDeepest) return rest();
    if (peek() == '"') return string();
    if (peek() == '{') return object(depth);
    if (peek() == '[') return array(depth);
    const std::size_t start = at_;
    while (at_ < text_.size() && std::strchr(",]} \n\t\r", text_[at_]) == nullptr) ++at_;
    return of_bytes(text_.substr(start, at_ - start), 1);
  }

  std::uint64_t rest() {
    const std::string_view left = text_.substr(at_);
    at_ = text_.size();
    return of_bytes(left, 2);
  }

  std::uint64_t string() {
    const std::size_t start = ++at_;
    bool escaped = false;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] != '\\') continue;
      escaped = true;
      ++at_;
    }
    const std::size_t end = std::min(at_, text_.size());
    at_ = std::min(at_ + 1, text_.size());
    const std::string_view raw = text_.substr(start, end - start);
    if (!escaped) return of_bytes(raw, 3);
    decoded_.clear();
    return json::append_decoded(raw, decoded_) ? of_bytes(decoded_, 3) : of_bytes(raw, 3);
  }

  // A sum, so that the order of the members does not matter.
  std::uint64_t object(std::size_t depth) {
    ++at_;
    std::uint64_t sum = 4;
    if (take('}')) return kEmptyObject;
    do {
      skip_space();
      if (peek() != '"') return rest();
      const std::uint64_t name = string();
      if (!take(':')) return rest();
      sum += mixed(name, value(depth + 1));
    } while (take(','));
    return take('}') ? mixed(sum, 4) : rest();
  }

  std::uint64_t array(std::size_t depth) {
    ++at_;
    std::uint64_t all = 5;
    if (take(']')) return mixed(all, 5);
    do {
      all = mixed(all, value(depth + 1));
    } while (take(','));
    return take(']') ? mixed(all, 5) : rest();
  }

  std::string_view text_;
  std::uint64_t seed_;
  std::size_t at_ = 0;
  std::string decoded_;
};

std::uint64_t meaning_of(const std::string& json, std::uint64_t seed) {
  return json == "{}" ? kEmptyObject : JsonMeaning{json, seed}.hash();
}

// The fields one behind the other, each with its length, so that no two SIMs look alike by where a field ends.
class Fields {
 public:
  void add(std::string_view field) {
    add(static_cast<std::uint64_t>(field.size()));
    if (long_.empty() && size_ + field.size() <= short_.size()) {
      std::memcpy(short_.data() + size_, field.data(), field.size());
      size_ += field.size();
    } else {
      overflow().append(field);
    }
  }
  void add(std::uint64_t number) {
    if (long_.empty() && size_ + sizeof number <= short_.size()) {
      std::memcpy(short_.data() + size_, &number, sizeof number);
      size_ += sizeof number;
    } else {
      overflow().append(reinterpret_cast<const char*>(&number), sizeof number);
    }
  }
  [[nodiscard]] std::uint64_t hash(std::uint64_t seed) const {
    return long_.empty() ? XXH3_64bits_withSeed(short_.data(), size_, seed)
                         : XXH3_64bits_withSeed(long_.data(), long_.size(), seed);
  }

 private:
  std::string& overflow() {
    if (long_.empty()) long_.assign(short_.data(), size_);
    return long_;
  }

  std::array<char, 512> short_;  // what nearly every SIM fits into
  std::size_t size_ = 0;
  std::string long_;
};

}  // namespace

IdKey SimHasher::id(std::string_view sim_id) const {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(sim_id.data(), sim_id.size(), seed_);
  return {hash.low64, hash.high64};
}

std::uint64_t SimHasher::text(std::string_view json) const {
  const std::uint64_t hash = XXH3_64bits_withSeed(json.data(), json.size(), seed_);
  return hash == 0 ? 1 : hash;
}

SimKey SimHasher::of(const Sim& sim) const {
  Fields fields;
  for (const std::string* field : {&sim.iccid, &sim.provider, &sim.type, &sim.status}) fields.add(*field);
  fields.add(static_cast<std::uint64_t>(sim.created_at.time_since_epoch().count()));
  fields.add(meaning_of(sim.metadata, seed_));
  fields.add(meaning_of(sim.extra, seed_));
  return {id(sim.id), fields.hash(seed_), 0, false};
}

std::uint64_t random_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32U) | device();
}

}  // namespace simsync
