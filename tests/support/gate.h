// A way to servers of loopback that can be cut: then nothing passes in either direction, and nobody is told, as when a
// cable is pulled out. Connections that are open then go on when it is healed. Needs no rights, unlike a packet filter.
#pragma once

#include <atomic>
#include <list>
#include <thread>
#include <vector>

namespace simsync::test {

class Gate {
 public:
  // To these ports. Throws std::runtime_error when it cannot listen.
  explicit Gate(const std::vector<int>& to);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Where to connect instead, in the order of the ports given.
  [[nodiscard]] std::vector<int> ports() const;
  void cut() { cut_ = true; }
  void heal() { cut_ = false; }
  // Passes at most so many bytes of each connection and direction every 10 ms; 0: as many as come.
  void slow(std::size_t bytes) { slow_ = bytes; }
  // Ends all connections at once, in the middle of what they say; what was on its way is lost.
  void sever() { sever_ = true; }
  // The server behind the port of this place is gone, and whoever connects is refused, which a gate alone does not do;
  // or it is back.
  void shut(std::size_t place) { shut_ |= 1U << place; }
  void open(std::size_t place) { shut_ &= ~(1U << place); }

 private:
  struct Door {
    int listener = -1;  // -1: shut
    int port = 0;
    int to = 0;
  };
  struct Way;  // one connection's bytes, in one direction

  void run(const std::stop_token& stop);
  void listen_where_open();
  void let_in(const Door& door);
  bool pass(Way& way, bool readable) const;
  void end_all();

  std::vector<Door> doors_;
  std::list<Way> ways_;
  std::atomic<bool> cut_ = false;
  std::atomic<unsigned> shut_ = 0;  // a bit for each place
  std::atomic<std::size_t> slow_ = 0;
  std::atomic<bool> sever_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace simsync::test
