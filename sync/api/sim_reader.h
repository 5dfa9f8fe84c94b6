// One SIM out of an on-demand object (sims-reference.txt, "The Sim resource"). Included by page_parser.cpp only, in a
// header of its own because it is a job of its own.
#pragma once

#include "sync/api/ondemand_reading.h"
#include "sync/api/timestamp.h"

namespace simsync::reading {

inline constexpr std::size_t kSimFields = 8;
inline constexpr std::array<KnownName, kSimFields> kSimNames = {
    KnownName{"object\""}, KnownName{"id\""},       KnownName{"metadata\""}, KnownName{"createdAt\""},
    KnownName{"iccid\""},  KnownName{"provider\""}, KnownName{"status\""},   KnownName{"type\""}};
struct SimField {
  enum Place : std::size_t { object, id, metadata, created_at, iccid, provider, status, type };
};

// Reads one SIM. Each field is read even after one was found wrong: the id is wanted for the log, and what is not
// looked at is not known to be JSON.
class SimReader {
 public:
  // Whatever `sim` holds is overwritten. While reading, empty metadata and extra stand for "not there yet".
  explicit SimReader(Sim& sim) : sim_(sim) {
    sim_.id.clear();
    sim_.metadata.clear();
    sim_.extra.clear();
  }

  Fault read(ondemand::object& object) {
    const Fault fault = each_field(object, [this](Name name, ondemand::value& value) { return field(name, value); });
    if (fault) return fault;
    if (sim_.extra.empty()) {
      sim_.extra = "{}";
    } else {
      sim_.extra += '}';
      if (sim_.extra.size() > kMaxJsonBytes) problem_ = unfit_for_storage({}, sim_.extra.size());
    }
    if (sim_.metadata.empty()) sim_.metadata = "{}";
    if (!problem_) problem_ = missing();
    return nullptr;
  }

  // Why the item is JSON but not a SIM; nullptr when it is one.
  [[nodiscard]] Fault problem() const { return problem_; }
  // The metadata as they stand in the body; empty: there are none.
  [[nodiscard]] std::string_view metadata_text() const { return metadata_text_; }
  [[nodiscard]] bool saw_object() const { return (seen_ & 1U << SimField::object) != 0; }

 private:
  Fault field(Name name, ondemand::value& value) {
    std::size_t which = kSimFields;
    if (const Fault fault = find_name(name, kSimNames, expected_, which)) return fault;
    if (which == kSimFields) return unknown(name, value);
    expected_ = which + 1;
    if ((seen_ & 1U << which) != 0) {
      note("a field occurs twice");
      return skip(value);
    }
    seen_ |= 1U << which;
    Fault wrong = nullptr;
    const Fault fault = known(static_cast<SimField::Place>(which), value, wrong);
    note(wrong);
    return fault;
  }

  Fault known(SimField::Place which, ondemand::value& value, Fault& wrong) {
    switch (which) {
      case SimField::object:
        return object(value, wrong);
      case SimField::id:
        return id(value, wrong);
      case SimField::metadata:
        return metadata(value, wrong);
      case SimField::created_at:
        return created_at(value, wrong);
      case SimField::iccid:
        return read_text(value, sim_.iccid, wrong, "iccid is not a string", "iccid is too long");
      case SimField::provider:
        return read_text(value, sim_.provider, wrong, "provider is not a string", "provider is too long");
      case SimField::status:
        return read_text(value, sim_.status, wrong, "status is not a string", "status is too long");
      case SimField::type:
        return read_text(value, sim_.type, wrong, "type is not a string", "type is too long");
    }
    return kNotJson;
  }

  static Fault object(ondemand::value& value, Fault& wrong) {
    if (trimmed(value.raw_json_token()) == "\"sim\"") return consume_scalar(value);
    std::string text;
    const Fault fault = read_text(value, text, wrong, "object is not a string", "object is not sim");
    if (!wrong && text != "sim") wrong = "object is not sim";
    return fault;
  }

  // An id that had to be changed could neither be asked for nor told from another, so it counts as unreadable.
  Fault id(ondemand::value& value, Fault& wrong) {
    const Fault fault = read_text(value, sim_.id, wrong, "id is not a string", "id is too long");
    if (wrong || fault) return fault;
    if (sim_.id.empty()) wrong = "id is empty";
    if (sim_.id.find("\xEF\xBF\xBD") != std::string::npos) {
      wrong = "id holds a character that cannot be stored";
      sim_.id.clear();
    }
    return nullptr;
  }

  Fault metadata(ondemand::value& value, Fault& wrong) {
    std::string_view raw;
    if (const Fault fault = raw_text(value, raw)) return fault;
    if (raw == "null") return nullptr;
    const json::Check check = json::check(raw);
    if (check.verdict == json::Verdict::invalid) return kNotJson;
    wrong = raw.front() == '{' ? unfit_for_storage(check, raw.size()) : "metadata is not an object";
    if (wrong) return nullptr;
    metadata_text_ = raw;
    if (check.has_escape) {
      json::append_clean(raw, sim_.metadata);
    } else {
      sim_.metadata.assign(raw);
    }
    return nullptr;
  }

  Fault created_at(ondemand::value& value, Fault& wrong) {
    std::string decoded;
    std::string_view raw;
    bool found = false;
    if (const Fault fault = string_text(value, raw, found)) return fault;
    if (found && raw.find('\\') != std::string_view::npos) {
      if (!json::append_decoded(raw, decoded)) return kNotJson;
      raw = decoded;
    }
    const auto time = found ? parse_timestamp(raw) : std::nullopt;
    if (time) sim_.created_at = *time;
    if (!time) wrong = "createdAt is not a time";
    return nullptr;
  }

  // Kept raw under its name as it was written; one JSON object collects them.
  Fault unknown(Name name, ondemand::value& value) {
    std::string_view raw;
    if (const Fault fault = raw_text(value, raw)) return fault;
    const json::Check check = json::check(raw);
    if (check.verdict == json::Verdict::invalid) return kNotJson;
    const std::string_view key = name.raw();
    std::string decoded;
    if (key.find('\\') != std::string_view::npos && !json::append_decoded(key, decoded)) return kNotJson;
    if (const Fault wrong = unfit_for_storage(check, sim_.extra.size() + key.size() + raw.size())) {
      note(wrong);
      return nullptr;
    }
    sim_.extra += sim_.extra.empty() ? "{\"" : ",\"";
    json::append_clean(key, sim_.extra);
    sim_.extra += "\":";
    json::append_clean(raw, sim_.extra);
    return nullptr;
  }

  [[nodiscard]] Fault missing() const {
    constexpr unsigned kNeeded = 1U << SimField::id | 1U << SimField::created_at | 1U << SimField::iccid |
                                 1U << SimField::provider | 1U << SimField::status | 1U << SimField::type;
    if ((seen_ & kNeeded) == kNeeded) return nullptr;
    if ((seen_ & 1U << SimField::id) == 0) return "id is missing";
    if ((seen_ & 1U << SimField::created_at) == 0) return "createdAt is missing";
    if ((seen_ & 1U << SimField::iccid) == 0) return "iccid is missing";
    if ((seen_ & 1U << SimField::provider) == 0) return "provider is missing";
    return (seen_ & 1U << SimField::status) == 0 ? "status is missing" : "type is missing";
  }

  // The first thing found wrong is told.
  void note(Fault wrong) {
    if (!problem_) problem_ = wrong;
  }

  Sim& sim_;
  Fault problem_ = nullptr;
  std::string_view metadata_text_;
  unsigned seen_ = 0;  // bit per SimField::Place
  std::size_t expected_ = 0;
};

}  // namespace simsync::reading
