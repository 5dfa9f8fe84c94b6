#include "config/secret.h"

#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero is in no C++ header

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "config/log.h"
#include "config/printable.h"
#include "config/scalars.h"
#include "config/secret_source.h"
#include "config/small_file.h"

namespace simsync {

namespace {

constexpr std::size_t kLargestSecretFile = std::size_t{64} * 1024;  // bytes; a token has some hundred

// The whole capacity, because a string that became shorter keeps its old bytes behind the end.
void wipe(std::string& text) {
  text.resize(text.capacity());
  ::explicit_bzero(text.data(), text.size());
  text.clear();
}

class WipedString {
 public:
  WipedString() = default;
  ~WipedString() { wipe(text); }
  WipedString(const WipedString&) = delete;
  WipedString& operator=(const WipedString&) = delete;
  WipedString(WipedString&&) = delete;
  WipedString& operator=(WipedString&&) = delete;

  std::string text;
};

bool is_visible_ascii(char c) {
  return c > ' ' && c < 0x7F;
}

// Empty where `text` can be a secret; else what is wrong with it, without a byte of it.
std::string fault_of(std::string_view text) {
  if (text.empty()) return "is empty; put the secret there";
  if (!std::all_of(text.begin(), text.end(), is_visible_ascii)) {
    return "holds white space, control characters or characters that are not ASCII; write the secret alone on one line";
  }
  return {};
}

// Tokens have lower case letters and names of variables hardly ever: who put the token where its variable's name
// belongs shall not find it in the journal.
bool could_be_a_token(const std::string& name) {
  constexpr std::size_t kLongestShown = 64;
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return name.size() > kLongestShown || std::any_of(name.begin(), name.end(), lower);
}

}  // namespace

Secret::Secret(std::string value) : value_(std::move(value)) {
  wipe(value);  // a short string was copied, not moved
}

Secret::~Secret() {
  wipe(value_);
}

Secret& Secret::operator=(const Secret& other) {
  // Assigning strings in place could free the old bytes as they are, swapping them leaves some on the stack.
  if (this != &other) *this = Secret(other);
  return *this;
}

Secret::Secret(Secret&& other) noexcept : value_(std::move(other.value_)) {
  wipe(other.value_);
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe(value_);
    value_ = std::move(other.value_);
    wipe(other.value_);
  }
  return *this;
}

std::vector<Secret> secrets_from_file_shown_as(const std::string& path, const std::string& shown, SecretLines lines) {
  const std::string subject = "the secret file " + in_quotes(shown) + " ";
  WipedString content;
  FileFacts facts;
  try {
    facts = read_small_file(path, kLargestSecretFile, content.text);
  } catch (const FileError& error) {
    throw std::runtime_error(subject + error.what() + "; name a file that this user may read");
  }
  std::vector<Secret> secrets;
  std::string_view rest = content.text;
  if (rest.ends_with('\n')) rest.remove_suffix(1);
  do {
    const std::size_t end = lines == SecretLines::several ? std::min(rest.find('\n'), rest.size()) : rest.size();
    const std::string fault = fault_of(rest.substr(0, end));
    if (!fault.empty()) throw std::runtime_error(subject + fault);
    secrets.emplace_back(std::string(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  } while (!rest.empty());
  if (facts.others_may_read) {
    log::warning("secret file is readable by everyone", {{"file", shown}, {"advice", "chmod o-r"}});
  }
  return secrets;
}

Secret secret_from_file_shown_as(const std::string& path, const std::string& shown) {
  return secrets_from_file_shown_as(path, shown, SecretLines::one).front();
}

Secret secret_from_file(const std::string& path) {
  return secret_from_file_shown_as(path, path);
}

Secret secret_from_environment(const std::string& name) {
  if (!is_variable_name(name)) {
    throw std::runtime_error("this is not an environment variable's name; write the name alone, such as GIGS_TOKEN");
  }
  const std::string subject =
      could_be_a_token(name) ? "the environment variable named here " : "the environment variable " + name + " ";
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) throw std::runtime_error(subject + "is not set; set it before the start");
  const std::string fault = fault_of(value);
  if (!fault.empty()) throw std::runtime_error(subject + fault);
  return Secret(std::string(value));
}

}  // namespace simsync
