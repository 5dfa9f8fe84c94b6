#include "config/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace simsync {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;

  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::string reason(int error) {
  return std::generic_category().message(error);
}

}  // namespace

FileFacts read_small_file(const std::string& path, std::size_t limit, std::string& content) {
  // open would end the name at a NUL and read another file than the one named.
  if (path.find('\0') != std::string::npos) throw FileError("cannot be opened (its name holds a NUL)");
  // O_NONBLOCK: opening a pipe that nobody writes to must not hang the start; regular files do not care.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (file.get() < 0) throw FileError("cannot be opened (" + reason(errno) + ")");
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) throw FileError("cannot be examined (" + reason(errno) + ")");
  if (S_ISDIR(facts.st_mode)) throw FileError("is a directory");
  if (!S_ISREG(facts.st_mode)) throw FileError("is not a regular file");

  content.assign(limit + 1, '\0');  // once and for all, so that no growing leaves copies of a secret behind
  std::size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t got = ::read(file.get(), content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw FileError("cannot be read (" + reason(errno) + ")");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  if (filled > limit) throw FileError("is larger than " + std::to_string(limit / 1024) + " KiB");
  content.resize(filled);
  return {(facts.st_mode & S_IROTH) != 0};
}

}  // namespace simsync
