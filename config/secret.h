// A token or signing secret, held so that it cannot slip into a log, an error or a core of printed state:
// there is no operator<<, no conversion to string and no format support; reveal() is the one way out and is
// easy to grep for. Where a secret comes from is decided here too: a file (also one in systemd's credential
// directory) or an environment variable, never the configuration file itself.
#pragma once

#include <string>
#include <string_view>

namespace simsync {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value);
  ~Secret();  // overwrites the bytes
  Secret(const Secret&) = default;
  Secret& operator=(const Secret& other);      // overwrites what it held
  Secret(Secret&& other) noexcept;             // overwrites what it leaves behind, also the bytes of a short string
  Secret& operator=(Secret&& other) noexcept;  // both

  // The bytes themselves; for building a request, never for a message. Valid while this object lives.
  [[nodiscard]] std::string_view reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }
  // Whether a configuration that was read anew holds another one. Not for checking what somebody claims to know: the
  // time it takes tells how much of it was right.
  bool operator==(const Secret&) const = default;

 private:
  std::string value_;
};

// Reads the secret from `path`, a regular file: at most 64 KiB, one trailing newline removed; anything else of
// white space or control characters inside is refused, and so is what is not ASCII (an HTTP header cannot carry
// it). Throws std::runtime_error with one line that names the path, never the content. Logs a warning when others
// than the owner and group may read the file.
Secret secret_from_file(const std::string& path);

// Reads the secret from the environment variable `name`; throws std::runtime_error, as above, when unset or empty.
// A name with lower case letters is not repeated in the error: it may be a token in the wrong place.
Secret secret_from_environment(const std::string& name);

}  // namespace simsync
