// What page_parser.h says of each SIM that it reads.
#pragma once

#include <string_view>

#include "config/printable.h"
#include "storage/sim.h"
#include "sync/api/json_text.h"
#include "sync/api/page_parser.h"
#include "tests/fuzz/json_model.h"
#include "tests/fuzz/targets.h"

namespace simsync::fuzz {

inline void promise_storable(std::string_view text, const char* what) {
  promise(is_utf8(text) && text.find('\0') == std::string_view::npos, std::string(what) + " cannot be stored");
}

inline void promise_field(std::string_view text, const char* what) {
  promise_storable(text, what);
  promise(text.size() <= kMaxFieldBytes, std::string(what) + " is too long");
}

inline void promise_object(std::string_view text, const char* what) {
  promise_storable(text, what);
  promise(text.size() <= kMaxJsonBytes && is_json_object(text), std::string(what) + " is no JSON object");
  promise(json::check(text).verdict == json::Verdict::ok, std::string(what) + " is refused by the database");
  std::string clean;
  json::append_clean(text, clean);
  promise(clean == text, std::string(what) + " is not clean");
}

inline void promise_sim(const Sim& sim) {
  promise(!sim.id.empty(), "a SIM without id");
  promise_field(sim.id, "id");
  promise_field(sim.iccid, "iccid");
  promise_field(sim.provider, "provider");
  promise_field(sim.type, "type");
  promise_field(sim.status, "status");
  promise_object(sim.metadata, "metadata");
  promise_object(sim.extra, "extra");
}

// A body that was read is whole JSON, at least once it was repaired.
inline void promise_whole(std::string_view body) {
  promise(is_json(body) || is_json(json::repaired(body)), "read what is not whole JSON");
}

}  // namespace simsync::fuzz
