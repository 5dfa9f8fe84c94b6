// What each fault does to an answer. Works on finished JSON text, as a broken provider would: nothing is parsed.
// Refuses to choose: faults.h says which fault meets which request.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/answer.h"
#include "tests/simulator/faults.h"

namespace simsync::simulator {

// A page on its way out, still in parts.
struct PageDraft {
  std::vector<std::string> items;
  std::optional<std::string> more_after;
  std::optional<std::string> more_before;
};

// Faults that stand in for the answer as a whole; the others need one to distort.
bool replaces_answer(FaultKind kind);
void replace_answer(const FaultOrder& order, Answer& answer);

bool edits_page(FaultKind kind);
// `own_after` is the request's own cursor, `first_id` that of the page's first item. False when the page has nothing
// to which the fault could be done.
bool edit_page(const FaultOrder& order, std::string_view own_after, std::string_view first_id, PageDraft& page);
// The same for an answer that is one resource.
bool edit_resource(const FaultOrder& order, std::string& resource);

// The rest: what happens to the finished answer.
void distort(const FaultOrder& order, Answer& answer);

}  // namespace simsync::simulator
