#include "config/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <memory>
#include <new>
#include <optional>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/load_config.h"
#include "config/log.h"
#include "tests/unit/config/fixture.h"
#include "tests/unit/config/memory_watch.h"

#if __has_include(<fmt/core.h>)
#define FMT_HEADER_ONLY
#include <fmt/core.h>
#endif

namespace simsync::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(Streamable<std::string>);
static_assert(!Streamable<Secret>);
static_assert(!Streamable<std::optional<Secret>>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<Secret, const char*>);
static_assert(!std::is_convertible_v<Secret, bool>);
static_assert(!std::is_convertible_v<std::string, Secret>);
static_assert(std::is_constructible_v<log::Field, std::string_view, std::string>);
static_assert(!std::is_constructible_v<log::Field, std::string_view, Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret> && std::is_nothrow_move_assignable_v<Secret>);
#if __has_include(<fmt/core.h>)
static_assert(fmt::is_formattable<std::string>::value);
static_assert(!fmt::is_formattable<Secret>::value);
#endif

const std::string kShort = "short_secret";  // within a std::string itself
const std::string kLong(kCanary);           // on the heap

// The bytes of an object, also of one that has ended.
class RawSecret {
 public:
  template <typename... Arguments>
  explicit RawSecret(const std::string& text) {
    secret_ = new (bytes_.data()) Secret(text);
  }
  ~RawSecret() { destroy(); }
  RawSecret(const RawSecret&) = delete;
  RawSecret& operator=(const RawSecret&) = delete;
  RawSecret(RawSecret&&) = delete;
  RawSecret& operator=(RawSecret&&) = delete;

  Secret& operator*() { return *secret_; }
  void destroy() {
    if (secret_ != nullptr) secret_->~Secret();
    secret_ = nullptr;
  }
  [[nodiscard]] bool holds(const std::string& text) const {
    const volatile unsigned char* raw = bytes_.data();
    std::string copy;
    for (std::size_t i = 0; i < bytes_.size(); ++i) copy += static_cast<char>(raw[i]);
    // Without the first byte, which a string that was moved from overwrites anyway.
    return copy.find(text.substr(1)) != std::string::npos;
  }

 private:
  alignas(Secret) std::array<unsigned char, sizeof(Secret)> bytes_{};
  Secret* secret_ = nullptr;
};

TEST(SecretMemory, ShortOnesAreWipedInPlace) {
  RawSecret ended(kShort);
  ASSERT_TRUE(ended.holds(kShort));
  ended.destroy();
  EXPECT_FALSE(ended.holds(kShort));

  RawSecret source(kShort);
  const Secret moved(std::move(*source));
  EXPECT_EQ(moved.reveal(), kShort);
  EXPECT_TRUE((*source).empty());
  EXPECT_FALSE(source.holds(kShort));

  RawSecret assigned_from(kShort);
  RawSecret target(std::string("other_one"));
  *target = std::move(*assigned_from);
  EXPECT_EQ((*target).reveal(), kShort);
  EXPECT_FALSE(assigned_from.holds(kShort));

  *target = Secret(std::string("x"));
  EXPECT_FALSE(target.holds("ort_secret"));
  *target = Secret();
  EXPECT_TRUE((*target).empty());
}

TEST(SecretMemory, LongOnesAreWipedBeforeTheyAreFreed) {
  auto first = std::make_optional<Secret>(kLong);
  auto second = std::make_optional<Secret>(kLong);
  auto third = std::make_optional<Secret>(kLong);
  const MemoryWatch watch;
  *first = Secret(std::string("short"));  // move assignment over a long one
  const Secret other(std::string(200, 'y'));
  *second = other;  // copy assignment over a long one
  Secret copy(*third);
  copy = Secret(*third);
  Secret& itself = copy;
  copy = itself;
  third.reset();
  std::vector<Secret> secrets;
  secrets.push_back(std::move(copy));
  secrets.emplace_back();  // the vector moves to new memory
  EXPECT_EQ(secrets[0].reveal(), kLong);
  secrets.clear();
  secrets.shrink_to_fit();
  EXPECT_EQ(watch.freed_with_canary(), 0);
}

TEST(SecretMemory, WatcherSeesALeak) {
  auto text = std::make_unique<std::string>(kCanary);
  const MemoryWatch watch;
  text.reset();
  EXPECT_EQ(watch.freed_with_canary(), 1);
}

TEST(SecretMemory, ReadingLeavesNothingBehind) {
  const TemporaryFolder folder;
  const std::string path = folder.file("token", kCanary);
  const std::string bad = folder.file("bad", std::string(kCanary) + " \n");
  const ScopedVariable variable("SIMSYNC_TEST_CANARY", kLong);
  const MemoryWatch watch;
  EXPECT_FALSE(secret_from_file(path).empty());
  EXPECT_THROW(static_cast<void>(secret_from_file(bad)), std::runtime_error);
  EXPECT_FALSE(secret_from_environment("SIMSYNC_TEST_CANARY").empty());
  EXPECT_EQ(watch.freed_with_canary(), 0);
}

class SecretFile : public testing::Test {
 protected:
  [[nodiscard]] std::string error(std::string_view content) const {
    const std::string path = folder_.file("token", content);
    try {
      static_cast<void>(secret_from_file(path));
      return "";
    } catch (const std::runtime_error& e) {
      EXPECT_THAT(e.what(), AllOf(HasSubstr(path), Not(HasSubstr("hush")), Not(HasSubstr("\n"))));
      return e.what();
    }
  }

  TemporaryFolder folder_;
};

TEST_F(SecretFile, OneNewlineIsRemoved) {
  EXPECT_EQ(secret_from_file(folder_.file("a", "hush")).reveal(), "hush");
  EXPECT_EQ(secret_from_file(folder_.file("a", "hush\n")).reveal(), "hush");
  const std::string largest(65535, 'x');
  EXPECT_EQ(secret_from_file(folder_.file("a", largest + "\n")).reveal(), largest);
}

TEST_F(SecretFile, AnythingElseIsRefused) {
  EXPECT_THAT(error(""), HasSubstr("is empty"));
  EXPECT_THAT(error("\n"), HasSubstr("is empty"));
  for (const std::string text :
       {"hush\n\n", "hush\r\n", " hush", "hu sh", "hush\t", "hu\nsh", "hush\x7F", "\xEF\xBB\xBFhush", "hush\xC2\xA0"}) {
    EXPECT_THAT(error(text), HasSubstr("holds white space, control characters or characters that are not ASCII"))
        << text;
  }
  EXPECT_THAT(error(std::string("hu\0sh", 5)), HasSubstr("control characters"));
  EXPECT_THAT(error(std::string(65537, 'x')), HasSubstr("is larger than 64 KiB"));
}

TEST_F(SecretFile, UnreadablePaths) {
  for (const std::string& path : {folder_.path(), std::string("/dev/zero"), folder_.path() + "/none"}) {
    EXPECT_THROW(static_cast<void>(secret_from_file(path)), std::runtime_error) << path;
  }
}

TEST_F(SecretFile, WarnsWhereEveryoneMayRead) {
  const std::string path = folder_.file("a", "hush\n");
  const auto warning = [&](mode_t mode) {
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    testing::internal::CaptureStderr();
    static_cast<void>(secret_from_file(path));
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(warning(0600), "");
  EXPECT_EQ(warning(0640), "");
  EXPECT_THAT(warning(0604),
              AllOf(HasSubstr("warning secret file is readable by everyone file=" + path), Not(HasSubstr("hush"))));
}

TEST(SecretVariable, ValuesAndErrors) {
  const auto error = [](const std::string& name) -> std::string {
    try {
      static_cast<void>(secret_from_environment(name));
      return "";
    } catch (const std::runtime_error& e) {
      return e.what();
    }
  };
  const ScopedVariable set("SIMSYNC_TEST_SECRET", "hush");
  EXPECT_EQ(secret_from_environment("SIMSYNC_TEST_SECRET").reveal(), "hush");
  const ScopedVariable empty("SIMSYNC_TEST_EMPTY", "");
  EXPECT_THAT(error("SIMSYNC_TEST_EMPTY"), HasSubstr("SIMSYNC_TEST_EMPTY is empty"));
  const ScopedVariable spaced("SIMSYNC_TEST_SPACED", "hu sh");
  EXPECT_THAT(error("SIMSYNC_TEST_SPACED"), AllOf(HasSubstr("holds white space"), Not(HasSubstr("hu sh"))));
  EXPECT_THAT(error("SIMSYNC_TEST_NONE"), HasSubstr("SIMSYNC_TEST_NONE is not set"));
  EXPECT_THAT(error("tok_lower"), AllOf(HasSubstr("named here is not set"), Not(HasSubstr("tok_lower"))));
  EXPECT_THAT(error("A=B"), HasSubstr("is not an environment variable's name"));
  EXPECT_THAT(error(""), HasSubstr("is not an environment variable's name"));
}

}  // namespace
}  // namespace simsync::test
