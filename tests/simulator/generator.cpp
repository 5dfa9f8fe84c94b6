#include "tests/simulator/generator.h"

#include <array>
#include <vector>

namespace simsync::simulator {
namespace {

template <typename Array>
std::string_view pick(Random& random, const Array& values) {
  return values[random.below(values.size())];
}

// Half of a world polls profiles at all: p3, p14 and p15 together are about half of it.
std::string random_provider(Random& random) {
  static constexpr std::array<std::string_view, 3> kReporting = {"p3", "p14", "p15"};
  static constexpr std::array<std::string_view, 12> kSilent = {"p1", "p2", "p4",  "p5",  "p6",  "p7",
                                                               "p8", "p9", "p10", "p11", "p12", "p13"};
  return std::string(random.chance(0.5) ? pick(random, kReporting) : pick(random, kSilent));
}

std::string random_status(Random& random) {
  const double draw = random.unit();
  return draw < 0.3 ? "inactive" : draw < 0.9 ? "active" : "retired";
}

std::string random_profile_status(Random& random) {
  const double draw = random.unit();
  return draw < 0.1    ? "deleted"
         : draw < 0.25 ? "disabled"
         : draw < 0.7  ? "enabled"
         : draw < 0.95 ? "installed"
                       : "unknown";
}

std::string padded(std::uint64_t number, std::size_t width) {
  std::string digits = std::to_string(number);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

// 20 digits mostly, 19 sometimes, and a few of those with the filler (facts.md, Errors: the ICCID's pattern).
std::string iccid_of(Random& random, std::uint64_t number) {
  const double draw = random.unit();
  // One draw a statement: the order within an expression is the compiler's to choose.
  const std::string country = padded(100 + random.below(900), 3);
  const std::string issuer = padded(random.below(100), 2);
  const std::string digits = "89" + country + issuer + padded(number, 12);
  if (draw < 0.75) return digits + padded(random.below(10), 1);
  return draw < 0.97 ? digits : digits + "F";
}

// Creation times from oldest to newest, in groups of one to five that share a second.
std::vector<Seconds> creation_times(Random& random, std::size_t count) {
  std::vector<Seconds> times(count);
  Seconds time = kGenesis;
  for (std::size_t i = count; i > 0;) {
    for (std::uint64_t group = 1 + random.below(5); group > 0 && i > 0; --group) times[--i] = time;
    time -= std::chrono::seconds(1 + random.below(120));
  }
  return times;
}

// A small share of the SIMs belongs to users, one to four each.
class UserDraw {
 public:
  std::string next(Random& random) {
    if (!random.chance(0.02)) return {};
    if (left_ == 0) {
      current_ = "usr_";
      append_base62(current_, random, 28);
      left_ = 1 + random.below(4);
    }
    --left_;
    return current_;
  }

 private:
  std::string current_;
  std::uint64_t left_ = 0;
};

}  // namespace

std::string random_metadata(Random& random) {
  static constexpr std::array<std::string_view, 10> kMembers = {R"("kunde":"Müller & Söhne Straße")",
                                                                R"("customer":"株式会社サンプル")",
                                                                R"("note":"He said \"later\"\n\\o/")",
                                                                R"("team":"R\u00fcckgabe")",
                                                                R"("emoji":"📱🛰️")",
                                                                R"("flag":"\ud83d\ude80 launch")",
                                                                R"("größe":"XL")",
                                                                R"("contract":"C-2024/0815","tag":"")",
                                                                R"("fleet":"Łódź, ул. Ленина")",
                                                                R"("url":"https:\/\/example.invalid\/?a=1&b=<2>")"};
  std::string out = "{";
  const std::size_t first = random.below(kMembers.size());
  const std::size_t count = 1 + random.below(3);
  for (std::size_t i = 0; i < count; ++i) {  // neighbours, so that no key comes twice
    if (i > 0) out += ',';
    out += kMembers[(first + i) % kMembers.size()];
  }
  if (random.chance(0.5)) out += R"(,"device":")" + std::to_string(random.below(1'000'000)) + '"';
  return out + '}';
}

SimDraft random_sim(Random& random, Seconds created_at, Seconds latest, std::uint64_t number) {
  SimDraft draft;
  draft.id = "sim_";
  append_base62(draft.id, random, 28);
  draft.metadata = random.chance(0.6) ? "{}" : random_metadata(random);
  draft.iccid = iccid_of(random, number);
  draft.provider = random_provider(random);
  draft.status = random_status(random);
  draft.type = random.chance(0.7) ? "eSIM" : "pSIM";
  draft.created_at = created_at;
  draft.fraction = random.chance(0.3);
  const auto age = static_cast<std::uint64_t>((latest - created_at).count());
  draft.profile_updated_at = created_at + std::chrono::seconds(random.below(age + 1));
  const std::string profile = random_profile_status(random);
  const bool reports = draft.provider == "p3" || draft.provider == "p14" || draft.provider == "p15";
  if (reports && draft.type == "eSIM") draft.profile_status = profile;
  return draft;
}

std::unique_ptr<Project> generate_project(const std::string& id, const std::string& token, std::size_t count,
                                          std::uint64_t seed) {
  auto project = std::make_unique<Project>(id, token, count);
  Random random(seed ^ stable_hash(id));
  UserDraw users;
  std::uint64_t number = 0;
  for (const Seconds created_at : creation_times(random, count)) {
    SimDraft draft = random_sim(random, created_at, kGenesis, ++number);
    draft.user = users.next(random);
    project->load(draft);
  }
  return project;
}

}  // namespace simsync::simulator
