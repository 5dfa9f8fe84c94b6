// A text file or standard input, line by line in bounded memory. It refuses what is no text: directories, spreadsheets,
// archives, UTF-16, anything with a NUL. For the files that people hand to a command.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace simsync {

// Why a file cannot be used, as a sentence that names it.
class TextFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct TextLine {
  std::uint64_t number = 0;  // from 1
  std::string_view text;     // without its end (LF, CR LF or CR); only valid until the next call
  bool cut = false;          // it was longer than allowed, and `text` is its beginning
};

// Belongs to one thread.
class TextLines {
 public:
  // `path` is "-" for standard input. A line has at most `longest` bytes. Throws TextFileError.
  TextLines(const std::string& path, std::size_t longest, std::stop_token stop);

  // The next line, nullopt at the end and once stop was requested. Blocks where the file is a pipe or a terminal. A
  // byte order mark of UTF-8 is left out. Throws TextFileError.
  std::optional<TextLine> next();

  [[nodiscard]] bool stopped() const { return stop_.stop_requested(); }
  // How the file is called in messages.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  struct File {
    explicit File(int fd) : fd(fd) {}
    ~File();
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int fd;
  };

  [[nodiscard]] int open(const std::string& path) const;
  bool fill();
  [[nodiscard]] bool wait() const;
  void look_at_beginning();
  void check_text(std::string_view bytes) const;
  [[noreturn]] void fail(const std::string& why) const;

  const std::string name_;
  const std::size_t longest_;
  const std::stop_token stop_;
  const File file_;

  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of what was not handed out
  std::size_t end_ = 0;
  bool at_end_ = false;
  bool is_text_ = false;   // by its beginning
  bool after_cr_ = false;  // an LF that comes next belongs to it
  std::uint64_t lines_ = 0;
  std::string broken_up_;  // a line that stood in more than one buffer
};

}  // namespace simsync
