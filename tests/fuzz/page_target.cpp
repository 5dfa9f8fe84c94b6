// Lists: what is read is whole and can be stored, the same each time, and the same where the items are known.
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sync/api/page_parser.h"
#include "tests/fuzz/sim_promises.h"
#include "tests/fuzz/targets.h"

namespace simsync::fuzz {
namespace {

// As the walk's: keeps the text of each SIM's item, and knows a SIM by its id where the text is the same.
class Memory : public KnownItems {
 public:
  void look_up(const std::vector<ItemText>& items, std::vector<std::optional<TimePoint>>& created_at) override {
    promise(items.size() == created_at.size(), "look_up with lists of two lengths");
    texts_.clear();
    for (std::size_t i = 0; i < items.size(); ++i) {
      texts_.emplace_back(items[i].text);
      const auto known = known_.find(std::string(items[i].id));
      if (known != known_.end() && known->second.first == items[i].text) created_at[i] = known->second.second;
    }
  }

  void learn(const SimPage& page) {
    promise(page.places.size() == page.sims.size(), "a SIM without a place");
    for (std::size_t i = 0; i < page.sims.size(); ++i) {
      promise(page.places[i].item < texts_.size(), "a place behind the page");
      const Sim& sim = page.sims[i];
      known_[sim.id] = {texts_[page.places[i].item], sim.created_at};
    }
  }

 private:
  std::vector<std::string> texts_;  // of the page that was asked for last
  std::map<std::string, std::pair<std::string, TimePoint>> known_;
};

void promise_same_frame(const SimPage& one, const SimPage& other) {
  promise(one.sims.size() == other.sims.size(), "another number of SIMs");
  promise(one.skipped.size() == other.skipped.size(), "another number of items left out");
  promise(one.more_after == other.more_after && one.more_before == other.more_before, "another cursor");
}

void promise_same(const SimPage& one, const SimPage& other) {
  promise_same_frame(one, other);
  for (std::size_t i = 0; i < one.sims.size(); ++i) promise(one.sims[i] == other.sims[i], "another SIM");
}

void read_as_known(std::string_view input, PageParser& parser, const SimPage& page) {
  Memory memory;
  SimPage first;
  std::string body{input};
  promise(!parser.read_page(body, first, &memory), "refused once items could be known");
  promise_same(page, first);
  memory.learn(first);
  SimPage again;
  body = input;
  promise(!parser.read_page(body, again, &memory), "refused once items were known");
  promise_same_frame(page, again);
  for (std::size_t i = 0; i < page.sims.size(); ++i) {
    promise(page.sims[i].id == again.sims[i].id, "another id once items were known");
    promise(page.sims[i].created_at == again.sims[i].created_at, "another createdAt once items were known");
    if (!again.places[i].known) promise(page.sims[i] == again.sims[i], "another SIM once others were known");
  }
}

}  // namespace

void page(std::string_view input) {
  static PageParser used;
  static SimPage used_page;
  PageParser fresh;
  SimPage page;
  std::string body{input};
  const PageParser::Problem problem = fresh.read_page(body, page);
  body = input;
  // Whatever was read before: a case that is kept shows its fault alone.
  used_page.more_after = used_page.more_before = "cursor of the page before";
  promise(used.read_page(body, used_page) == problem, "another verdict of a parser that was used before");
  if (problem) return;
  promise_same(page, used_page);
  promise_whole(input);
  for (const Sim& sim : page.sims) promise_sim(sim);
  for (const SkippedItem& item : page.skipped) promise_field(item.id, "id of an item left out");
  if (page.more_after) promise_field(*page.more_after, "moreItemsAfter");
  if (page.more_before) promise_field(*page.more_before, "moreItemsBefore");
  read_as_known(input, used, page);
}

}  // namespace simsync::fuzz
