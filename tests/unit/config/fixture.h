// What the tests of the configuration share: files and variables that vanish with the test, and the documented example.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace simsync::test {

// A folder of its own, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  TemporaryFolder(TemporaryFolder&&) = delete;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;

  // Writes a file of mode 0600 and returns its path.
  [[nodiscard]] std::string file(const std::string& name, std::string_view content) const;
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

// Sets or unsets a variable for as long as it lives.
class ScopedVariable {
 public:
  ScopedVariable(std::string name, const std::optional<std::string>& value);
  ~ScopedVariable();
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;
  ScopedVariable(ScopedVariable&&) = delete;
  ScopedVariable& operator=(ScopedVariable&&) = delete;

 private:
  std::string name_;
  std::optional<std::string> before_;
};

// What stands in the token files and variables; no error or log line may ever hold it.
inline constexpr const char* kToken = "tok_aVerySecretToken";
inline constexpr const char* kHookSecret = "whsec_aVerySecretHookOf24BytesInBase64";

// The environment in which kExample and kMinimal load.
class ExampleEnvironment {
 public:
  ExampleEnvironment();

  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
  ScopedVariable credentials_;
  ScopedVariable token_;
};

// The configuration of the product's documentation, with every key that there is.
extern const char* const kExample;

// Two lines that load: a project and its token.
inline constexpr const char* kMinimal = "projects:\n  - {id: acme, token_env: SIMSYNC_TEST_TOKEN}\n";

// parse_config under the name "c.yaml"; the error's text, or "" where there was none.
std::string error_of(const std::string& text);

}  // namespace simsync::test
