#include "tests/simulator/faults.h"

#include <array>

namespace simsync::simulator {
namespace {

constexpr std::array<std::pair<FaultKind, std::string_view>, 23> kNames = {{
    {FaultKind::status, "status"},
    {FaultKind::html, "html"},
    {FaultKind::redirect, "redirect"},
    {FaultKind::gone_cursor, "gone_cursor"},
    {FaultKind::reset, "reset"},
    {FaultKind::close, "close"},
    {FaultKind::truncate, "truncate"},
    {FaultKind::half_json, "half_json"},
    {FaultKind::hang, "hang"},
    {FaultKind::slow_body, "slow_body"},
    {FaultKind::slow_header, "slow_header"},
    {FaultKind::endless_body, "endless_body"},
    {FaultKind::wrong_object, "wrong_object"},
    {FaultKind::half_list, "half_list"},
    {FaultKind::duplicate_item, "duplicate_item"},
    {FaultKind::empty_page, "empty_page"},
    {FaultKind::repeat_cursor, "repeat_cursor"},
    {FaultKind::empty_list, "empty_list"},
    {FaultKind::bad_item, "bad_item"},
    {FaultKind::bad_utf8, "bad_utf8"},
    {FaultKind::deep_nesting, "deep_nesting"},
    {FaultKind::nul_and_surrogates, "nul_and_surrogates"},
    {FaultKind::unknown_status, "unknown_status"},
}};

// A fault of lists makes no sense elsewhere, one of items none where there are no items.
bool makes_sense(FaultKind kind, const FaultSubject& subject) {
  const bool lists = subject.endpoint == Endpoint::list || subject.endpoint == Endpoint::search;
  switch (kind) {
    case FaultKind::half_list:
      return subject.endpoint == Endpoint::list;
    case FaultKind::gone_cursor:
      return subject.endpoint == Endpoint::list && subject.has_cursor;
    case FaultKind::duplicate_item:
    case FaultKind::empty_page:
    case FaultKind::repeat_cursor:
    case FaultKind::empty_list:
      return lists;
    case FaultKind::bad_item:
    case FaultKind::bad_utf8:
    case FaultKind::deep_nesting:
    case FaultKind::nul_and_surrogates:
    case FaultKind::unknown_status:
      return lists || subject.endpoint == Endpoint::sim || subject.endpoint == Endpoint::profile;
    default:
      return true;
  }
}

bool matches(const FaultOrder& order, const FaultSubject& subject) {
  // "sim" is one SIM's resource, read or changed; "update" is the change alone.
  const bool here = !order.where || *order.where == subject.endpoint ||
                    (*order.where == Endpoint::sim && subject.endpoint == Endpoint::update);
  return here && (order.project.empty() || order.project == subject.project) && makes_sense(order.kind, subject);
}

}  // namespace

std::optional<FaultKind> fault_named(std::string_view name) {
  for (const auto& [kind, its_name] : kNames)
    if (its_name == name) return kind;
  return std::nullopt;
}

std::string_view fault_name(FaultKind kind) {
  for (const auto& [its_kind, name] : kNames)
    if (its_kind == kind) return name;
  return "?";
}

void Faults::add(FaultOrder order) {
  const std::scoped_lock lock(mutex_);
  rules_.push_back({std::make_shared<const FaultOrder>(std::move(order)), 0, 0});
  any_ = true;
}

void Faults::clear() {
  const std::scoped_lock lock(mutex_);
  rules_.clear();
  any_ = false;
}

std::vector<Faults::Count> Faults::counts() const {
  const std::scoped_lock lock(mutex_);
  return rules_;
}

Faults::Chosen Faults::choose(const FaultSubject& subject) {
  const std::scoped_lock lock(mutex_);
  for (auto& rule : rules_) {
    const FaultOrder& order = *rule.order;
    if (!matches(order, subject) || (order.times && rule.fired >= *order.times)) continue;
    if (++rule.matched <= order.skip) continue;
    if (order.probability < 1 && !random_.chance(order.probability)) continue;
    ++rule.fired;
    return rule.order;
  }
  return nullptr;
}

void Faults::give_back(const Chosen& chosen) {
  const std::scoped_lock lock(mutex_);
  for (auto& rule : rules_)
    if (rule.order == chosen) --rule.fired;
}

}  // namespace simsync::simulator
