#include "daemon/text_lines.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "config/printable.h"

namespace simsync {
namespace {

constexpr std::size_t kBuffer = 256UL * 1024;
constexpr int kLookForStopMs = 100;

struct Beginning {
  std::string_view bytes;
  const char* what;
};

// What people take for text most often.
constexpr Beginning kNoText[] = {
    {"PK\x03\x04", "is a spreadsheet or an archive, not text: export it as CSV (UTF-8)"},
    {"\xD0\xCF\x11\xE0", "is a spreadsheet or a document, not text: export it as CSV (UTF-8)"},
    {"\x1F\x8B", "is compressed: uncompress it first"},
    {"%PDF", "is a PDF, not text: export it as CSV or text"},
    {"\xFF\xFE", "is text in UTF-16: save it as CSV or text in UTF-8"},
    {"\xFE\xFF", "is text in UTF-16: save it as CSV or text in UTF-8"},
};

std::string reason(int error) {
  return std::generic_category().message(error);
}

}  // namespace

TextLines::File::~File() {
  if (fd > STDERR_FILENO) ::close(fd);
}

TextLines::TextLines(const std::string& path, std::size_t longest, std::stop_token stop)
    : name_(path == "-" ? "standard input" : in_quotes(path)),
      longest_(longest),
      stop_(std::move(stop)),
      file_(open(path)),
      buffer_(kBuffer) {
  struct stat facts {};
  if (::fstat(file_.fd, &facts) == 0 && S_ISDIR(facts.st_mode)) {
    fail("is a directory: name a file, or - for standard input");
  }
  look_at_beginning();
}

int TextLines::open(const std::string& path) const {
  if (path == "-") return STDIN_FILENO;
  // A named pipe that nobody writes to would otherwise be waited for here, where no stop is heard.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) fail("cannot be opened: " + reason(errno));
  return fd;
}

void TextLines::fail(const std::string& why) const {
  throw TextFileError(name_ + ' ' + why);
}

// Whether there is something to read, or the end.
bool TextLines::wait() const {
  while (!stop_.stop_requested()) {
    pollfd watched{file_.fd, POLLIN, 0};
    const int ready = ::poll(&watched, 1, kLookForStopMs);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return true;  // read() will say what is wrong
  }
  return false;
}

// Reads on; false at the end. What was not handed out yet stays.
bool TextLines::fill() {
  if (at_end_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  ssize_t got = -1;
  do {
    if (!wait()) break;
    got = ::read(file_.fd, buffer_.data() + end_, buffer_.size() - end_);
  } while (got < 0 && (errno == EINTR || errno == EAGAIN));
  if (stop_.stop_requested()) got = 0;
  if (got < 0) fail("cannot be read: " + reason(errno));
  if (got == 0) {
    at_end_ = true;
    return false;
  }
  if (is_text_) check_text({buffer_.data() + end_, static_cast<std::size_t>(got)});
  end_ += static_cast<std::size_t>(got);
  return true;
}

void TextLines::look_at_beginning() {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  constexpr std::size_t kEnough = 4;
  while (end_ < kEnough && fill()) continue;  // a pipe may hand over a byte at a time
  const std::string_view seen{buffer_.data(), end_};
  for (const Beginning& beginning : kNoText) {
    if (seen.starts_with(beginning.bytes)) fail(beginning.what);
  }
  check_text(seen);
  is_text_ = true;
  if (seen.starts_with(kByteOrderMark)) begin_ = kByteOrderMark.size();
}

void TextLines::check_text(std::string_view bytes) const {
  if (bytes.find('\0') != std::string_view::npos)
    fail("is not text (it holds a NUL): export it as CSV or text in UTF-8");
}

std::optional<TextLine> TextLines::next() {
  TextLine line;
  broken_up_.clear();
  bool begun = false;
  while (true) {
    if (begin_ == end_ && !fill()) break;
    if (std::exchange(after_cr_, false) && buffer_[begin_] == '\n') {
      ++begin_;
      continue;
    }
    begun = true;
    const std::string_view waiting{buffer_.data() + begin_, end_ - begin_};
    const std::size_t end = waiting.find_first_of("\r\n");
    const std::string_view part = waiting.substr(0, end);
    if (end != std::string_view::npos) {
      after_cr_ = waiting[end] == '\r';
      begin_ += end + 1;
    } else {
      begin_ = end_;
    }
    // Whole lines stay where they are; the buffer is only overwritten when the next one is asked for.
    if (end != std::string_view::npos && broken_up_.empty() && !line.cut) {
      line.text = part.substr(0, longest_);
      line.cut = part.size() > longest_;
      line.number = ++lines_;
      return line;
    }
    const std::size_t room = longest_ - broken_up_.size();
    line.cut = line.cut || part.size() > room;
    broken_up_.append(part.substr(0, room));
    if (end != std::string_view::npos) break;
  }
  if (!begun || stop_.stop_requested()) return std::nullopt;
  line.text = broken_up_;
  line.number = ++lines_;
  return line;
}

}  // namespace simsync
