// The other end of NOTIFY_SOCKET: what systemd would hear by sd_notify(3). It reads all the time, as systemd does:
// whoever speaks to a socket that nobody reads waits once its queue is full.
#pragma once

#include <mutex>
#include <string>
#include <thread>

#include "tests/support/process.h"

namespace simsync::test {

class NotifySocket {
 public:
  NotifySocket();
  ~NotifySocket();
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  [[nodiscard]] std::string path() const { return folder_.file("notify"); }

  // All that was said until now, a line each.
  std::string said();
  // How often this was said until now, as the beginning of a line.
  std::size_t count(const std::string& what);
  bool hears(const std::string& what);

 private:
  void read();

  TempDir folder_;
  int socket_;
  std::mutex mutex_;
  std::string said_ = "\n";  // guarded by mutex_
  std::jthread reader_;      // last: it uses what is above
};

}  // namespace simsync::test
