#include "sync/api/page_parser.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "sync/api/json_text.h"
#include "sync/api/ondemand_reading.h"
#include "sync/api/sim_reader.h"
#include "sync/api/timestamp.h"

namespace simsync {
namespace {

using namespace reading;
static_assert(kBodyPadding >= simdjson::SIMDJSON_PADDING);

// A parser that grew for a giant answer is given back: it takes about six times the body.
constexpr std::size_t kKeptCapacity = 4U << 20U;

// The largest page that can be asked for (sims-reference.txt, "List all SIMs", `limit`).
constexpr std::size_t kUsualItems = 200;

constexpr std::array<KnownName, 4> kPageNames = {KnownName{"object\""}, KnownName{"items\""},
                                                 KnownName{"moreItemsAfter\""}, KnownName{"moreItemsBefore\""}};
constexpr std::array<KnownName, 4> kProfileNames = {KnownName{"object\""}, KnownName{"sim\""}, KnownName{"status\""},
                                                    KnownName{"updatedAt\""}};
constexpr std::array<KnownName, 4> kCredentialNames = {KnownName{"object\""}, KnownName{"activationCode\""},
                                                       KnownName{"qrCodeUrl\""}, KnownName{"sim\""}};
constexpr std::array<KnownName, 2> kErrorNames = {KnownName{"object\""}, KnownName{"message\""}};
constexpr std::array<KnownName, 1> kIdNames = {KnownName{"id\""}};

// A string, or nullopt for null.
Fault read_nullable(ondemand::value& value, std::optional<std::string>& out, Fault& problem, Fault if_wrong,
                    std::size_t limit = kMaxFieldBytes) {
  out.reset();
  if (trimmed(value.raw_json_token()) == "null") return nullptr;
  return read_text(value, out.emplace(), problem, if_wrong, if_wrong, limit);
}

Fault read_item(ondemand::value& value, SimPage& page) {
  if (value.raw_json_token().front() != '{') {
    page.skipped.push_back({"", "the item is not an object"});
    return skip(value);
  }
  ondemand::object object;
  if (value.get_object().get(object)) return kNotJson;
  SimReader reader(page.sims.add());
  if (const Fault fault = reader.read(object)) return fault;
  if (reader.problem()) {
    page.skipped.push_back({std::move(page.sims.back().id), reader.problem()});
    page.sims.pop_back();
  }
  return nullptr;
}

constexpr std::size_t kMostItems = 1000;  // five times what can be asked for
constexpr Fault kTooManyItems = "there are more items than were asked for";

// What items are before they are parsed; memory that is used again.
struct ItemScan {
  std::vector<ItemText> texts;
  std::vector<std::optional<TimePoint>> known;
  std::string start;  // of an item, up to its id: nearly all begin alike
};

// The text of an item up to the first character of its id, where that can be told without parsing: before it there is
// no nesting and no escape, so the name is one of the item itself. Empty where it cannot.
std::string_view start_of(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t name = text.find("\"id\"");
  if (name == std::string_view::npos) return {};
  std::size_t at = text.find_first_not_of(kSpace, name + 4);
  if (at == std::string_view::npos || text[at] != ':') return {};
  at = text.find_first_not_of(kSpace, at + 1);
  if (at == std::string_view::npos || text[at] != '"') return {};
  const std::string_view start = text.substr(0, at + 1);
  return start.find_first_of("\\{[", 1) == std::string_view::npos ? start : std::string_view{};
}

std::string_view id_of(std::string_view text, std::string& start) {
  if (start.empty() || !text.starts_with(start)) start = start_of(text);
  if (start.empty()) return {};
  const std::string_view id =
      text.substr(start.size(), std::min(text.find('"', start.size()), text.size()) - start.size());
  return id.find('\\') == std::string_view::npos ? id : std::string_view{};
}

// Passes over the items once, for their texts.
Fault scan_items(ondemand::array& items, ItemScan& scan) {
  scan.texts.clear();
  for (auto result : items) {
    ondemand::value item;
    // NOLINTNEXTLINE(performance-move-const-arg): get() takes temporaries only, in all versions
    if (std::move(result).get(item)) return kNotJson;
    if (scan.texts.size() == kMostItems) return kTooManyItems;
    ItemText& text = scan.texts.emplace_back();
    if (item.raw_json_token().front() != '{') continue;
    ondemand::object object;
    if (item.get_object().get(object) || object.raw_json().get(text.text)) return kNotJson;
    // The text reaches to whatever comes next.
    text.text = text.text.substr(0, text.text.rfind('}') + 1);
    text.id = id_of(text.text, scan.start);
  }
  return nullptr;
}

void add_known(const ItemText& text, TimePoint created_at, SimPage& page) {
  Sim& sim = page.sims.add();
  sim.id.assign(text.id);
  sim.created_at = created_at;
}

// Asks `known` about the items. True: it knows them all, and the page is read.
bool all_known(ItemScan& scan, KnownItems& known, SimPage& page) {
  scan.known.assign(scan.texts.size(), std::nullopt);
  known.look_up(scan.texts, scan.known);
  if (!std::all_of(scan.known.begin(), scan.known.end(), [](const auto& created_at) { return created_at.has_value(); }))
    return false;
  for (std::size_t i = 0; i < scan.texts.size(); ++i) {
    add_known(scan.texts[i], *scan.known[i], page);
    page.places.push_back({i, true});
  }
  return true;
}

Fault read_items(ondemand::value& value, SimPage& page, Fault& problem, KnownItems* known, ItemScan& scan) {
  if (value.raw_json_token().front() != '[') {
    problem = "items is not an array";
    return skip(value);
  }
  ondemand::array items;
  if (value.get_array().get(items)) return kNotJson;
  if (known != nullptr) {
    if (const Fault fault = scan_items(items, scan)) return fault;
    if (all_known(scan, *known, page)) return nullptr;
    if (items.reset().error()) return kNotJson;
  }
  std::size_t number = 0;
  for (auto result : items) {
    ondemand::value item;
    // NOLINTNEXTLINE(performance-move-const-arg): get() takes temporaries only, in all versions
    if (std::move(result).get(item)) return kNotJson;
    if (number == kMostItems) return kTooManyItems;
    const bool is_known = known != nullptr && scan.known[number].has_value();
    if (is_known) {
      add_known(scan.texts[number], *scan.known[number], page);
    } else if (const Fault fault = read_item(item, page)) {
      return fault;
    }
    if (known != nullptr && page.places.size() < page.sims.size()) page.places.push_back({number, is_known});
    ++number;
  }
  return nullptr;
}

// A field that must hold the constant `expected`.
Fault read_object_type(ondemand::value& value, std::string_view expected, Fault& problem, Fault if_wrong) {
  std::string text;
  const Fault fault = read_text(value, text, problem, if_wrong, if_wrong);
  if (!problem && text != expected) problem = if_wrong;
  return fault;
}

// The id of the SIM inside a profile. Polls leave the rest of it to the walks, which read it anyway.
Fault read_nested_id(ondemand::value& value, std::string& id, Fault& problem) {
  if (value.raw_json_token().front() != '{') {
    problem = "sim is not an object";
    return skip(value);
  }
  ondemand::object object;
  if (value.get_object().get(object)) return kNotJson;
  return each_field(object, [&](Name name, ondemand::value& field) -> Fault {
    std::size_t which = 0;
    if (const Fault fault = find_name(name, kIdNames, 0, which)) return fault;
    if (which != 0) return skip(field);
    return read_text(field, id, problem, "sim.id is not a string", "sim.id is too long");
  });
}

// All of that SIM.
Fault read_nested_sim(ondemand::value& value, std::optional<Sim>& sim, std::string& id, Fault& problem) {
  if (value.raw_json_token().front() != '{') {
    problem = "sim is not an object";
    return skip(value);
  }
  ondemand::object object;
  if (value.get_object().get(object)) return kNotJson;
  SimReader reader(sim.emplace());
  if (const Fault fault = reader.read(object)) return fault;
  id = sim->id;
  if (reader.problem()) sim.reset();
  return nullptr;
}

Fault read_time(ondemand::value& value, TimePoint& time, Fault& problem) {
  std::string text;
  const Fault fault = read_text(value, text, problem, "updatedAt is not a time", "updatedAt is not a time");
  const auto parsed = parse_timestamp(text);
  if (parsed) time = *parsed;
  if (!parsed) problem = "updatedAt is not a time";
  return fault;
}

}  // namespace

struct PageParser::Impl {
  ondemand::parser parser;
  ItemScan scan;
  bool repaired = false;  // the body that was opened last

  // Runs `on_field(which, value, problem)` over the fields of the body's root object, in which `names` are known, and
  // checks that they all occur and that the body ends behind it.
  template <std::size_t N, typename F>
  Problem read(std::string& body, const std::array<KnownName, N>& names, std::size_t needed, F&& on_field) {
    ondemand::document document;
    if (!open(body, document)) return kNotJson;
    ondemand::object root;
    if (document.get_object().get(root)) {
      return body.front() == '{' ? kNotJson : "the answer is not a JSON object";
    }
    unsigned seen = 0;
    std::size_t expected = 0;
    Fault problem = nullptr;
    const Fault fault = each_field(root, [&](Name name, ondemand::value& value) -> Fault {
      std::size_t which = N;
      if (const Fault unreadable = find_name(name, names, expected, which)) return unreadable;
      if (which == N) return skip(value);
      expected = which + 1;
      if ((seen & 1U << which) != 0) problem = "a field occurs twice";
      if ((seen & 1U << which) != 0) return skip(value);
      seen |= 1U << which;
      return on_field(which, value, problem);
    });
    if (fault) return fault;
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return kNotJson;
    if (problem) return problem;
    for (std::size_t i = 0; i < needed; ++i) {
      if ((seen & 1U << i) == 0) return std::string(names[i].name()) + " is missing";
    }
    return std::nullopt;
  }

  // Finds the structure of the whole body, and refuses what is not UTF-8 or holds an open string.
  bool open(std::string& body, ondemand::document& document) {
    if (parser.capacity() > kKeptCapacity && body.size() <= kKeptCapacity) parser = ondemand::parser{};
    auto error = iterate(body).get(document);
    repaired = error == simdjson::UTF8_ERROR || error == simdjson::UNESCAPED_CHARS;
    if (repaired) {
      body = json::repaired(std::string_view(body).substr(0, body.size() - kBodyPadding));
      error = iterate(body).get(document);
    }
    return !error;
  }

  simdjson::simdjson_result<ondemand::document> iterate(std::string& body) {
    const std::size_t size = body.size();
    body.append(kBodyPadding, '\0');
    return parser.iterate(simdjson::padded_string_view(body.data(), size, body.size()));
  }
};

PageParser::PageParser() : impl_(std::make_unique<Impl>()) {}

PageParser::~PageParser() = default;

PageParser::Problem PageParser::read_page(std::string& body, SimPage& page, KnownItems* known) {
  page.sims.clear();
  page.places.clear();
  page.skipped.clear();
  page.more_after.reset();
  page.more_before.reset();
  page.sims.reserve(kUsualItems);
  auto problem =
      impl_->read(body, kPageNames, 3, [&](std::size_t which, ondemand::value& value, Fault& problem) -> Fault {
        switch (which) {
          case 0:
            return read_object_type(value, "list", problem, "object is not list");
          case 1:
            return read_items(value, page, problem, known, impl_->scan);
          case 2:
            return read_nullable(value, page.more_after, problem, "moreItemsAfter is neither an id nor null");
          default:
            return read_nullable(value, page.more_before, problem, "moreItemsBefore is neither an id nor null");
        }
      });
  if (!problem && page.more_after && page.more_after->empty()) problem = "moreItemsAfter is empty";
  return problem;
}

PageParser::Problem PageParser::read_sim(std::string& body, Sim& sim, std::optional<std::string>* metadata_text) {
  ondemand::document document;
  if (!impl_->open(body, document)) return kNotJson;
  ondemand::object root;
  if (document.get_object().get(root)) return body.front() == '{' ? kNotJson : "the answer is not a JSON object";
  SimReader reader(sim);
  if (const Fault fault = reader.read(root)) return fault;
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return kNotJson;
  if (!reader.problem() && !reader.saw_object()) return "object is missing";
  if (metadata_text != nullptr) {
    const std::string_view text = reader.metadata_text();
    *metadata_text = impl_->repaired ? std::nullopt : std::optional<std::string>{text.empty() ? "{}" : text};
  }
  return reader.problem() ? Problem(reader.problem()) : std::nullopt;
}

PageParser::Problem PageParser::read_profile(std::string& body, EsimProfile& profile, std::optional<Sim>* sim) {
  profile.sim_id.clear();
  auto problem = impl_->read(
      body, kProfileNames, 4, [&profile, sim](std::size_t which, ondemand::value& value, Fault& wrong) -> Fault {
        switch (which) {
          case 0:
            return read_object_type(value, "eSimProfile", wrong, "object is not eSimProfile");
          case 1:
            return sim != nullptr ? read_nested_sim(value, *sim, profile.sim_id, wrong)
                                  : read_nested_id(value, profile.sim_id, wrong);
          case 2:
            return read_text(value, profile.status, wrong, "status is not a string", "status is too long");
          default:
            return read_time(value, profile.updated_at, wrong);
        }
      });
  if (!problem && profile.sim_id.empty()) problem = "sim.id is missing";
  return problem;
}

PageParser::Problem PageParser::read_credentials(std::string& body, SimCredentials& credentials) {
  constexpr std::size_t kLimit = 8192;  // an URL may be long
  auto& to = credentials;
  return impl_->read(body, kCredentialNames, 4,
                     [&to](std::size_t which, ondemand::value& value, Fault& wrong) -> Fault {
                       switch (which) {
                         case 0:
                           return read_object_type(value, "simCredentials", wrong, "object is not simCredentials");
                         case 1:
                           return read_nullable(value, to.activation_code, wrong, "activationCode is no text", kLimit);
                         case 2:
                           return read_nullable(value, to.qr_code_url, wrong, "qrCodeUrl is no text", kLimit);
                         default:
                           return read_text(value, to.sim_id, wrong, "sim is not a string", "sim is too long");
                       }
                     });
}

std::optional<std::string> PageParser::read_error(std::string& body) {
  std::string message;
  constexpr std::size_t kLimit = 1U << 16U;  // the caller shortens it
  const auto problem =
      impl_->read(body, kErrorNames, 1, [&message](std::size_t which, ondemand::value& value, Fault& wrong) -> Fault {
        if (which == 0) return read_object_type(value, "error", wrong, "object is not error");
        Fault no_message = nullptr;
        return read_text(value, message, no_message, "message is not a string", "message is too long", kLimit);
      });
  return problem ? std::nullopt : std::optional(message);
}

}  // namespace simsync
