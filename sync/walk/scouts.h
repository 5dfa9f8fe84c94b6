// Reads filtered lists side by side when nothing is known of what lies ahead: the shortest of them is soon at its end,
// and its SIMs, which lie evenly in the whole list as far as anybody knows, serve as cuts. Scouts only learn cursors:
// nothing they read is mirrored or counts as read, since a SIM that changes its status meanwhile, or one of a provider
// or type that nobody met, is on none of their lists.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "sync/walk/known_sims.h"
#include "sync/walk/page_request.h"

namespace simsync {

class Scouts {
 public:
  // Providers and types to look for are those met so far, at most some dozens of each.
  void met(const Sim& sim);

  // Sets out from `after`, the cursor of whoever is furthest down.
  void set_out(const std::string& after);
  [[nodiscard]] bool out() const { return out_; }
  // How often they have set out.
  [[nodiscard]] unsigned times() const { return times_; }

  // A page to ask for: fills query and scout number. False: none now.
  bool next(PageRequest& request);
  // Scouts that have come home bring their landmarks: those of the lists that were read to the end, or of all when no
  // list has an end within reach.
  void arrived(const PageRequest& request, const SimPage& page);
  void failed(const PageRequest& request);
  // Enough was found for `wanted` cuts, or no more will be.
  [[nodiscard]] bool home(std::size_t wanted) const;
  std::vector<Landmark> take();

 private:
  struct List {
    std::string provider, type, status;
    std::string after;
    std::vector<Landmark> found;
    unsigned step = 1;  // every so manieth SIM is kept
    unsigned pages = 0;
    bool asked = false;
    bool ended = false;  // the end of the list was read
    bool dropped = false;
  };
  static void keep(List& list, const SimPage& page);

  std::set<std::string> providers_, types_;
  std::vector<List> lists_;
  std::size_t turn_ = 0;
  bool out_ = false;
  unsigned times_ = 0;
};

}  // namespace simsync
