// Broken files of all kinds: whatever is in them, the answer is a Config or a ConfigError of one line without secrets.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "config/load_config.h"
#include "tests/unit/config/fixture.h"

namespace simsync::test {
namespace {

constexpr int kRounds = 5000;
constexpr std::uint32_t kSeed = 20'260'301;

// What yaml and this loader give a meaning to, more often than chance would.
constexpr std::array<std::string_view, 30> kPieces = {
    "\n", "  ", "\t", ": ", "- ", "[",     "]",     "{",       "}",  ",",  "#", "&a ",  "*a", "!",    "|",
    ">",  "'",  "\"", "%",  "?",  "---\n", "...\n", "${HOME}", "${", "$$", "~", "\xFF", "\\", "<<: ", "\r"};

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  std::string mutate(std::string text) {
    const std::size_t edits = 1 + below(6);
    for (std::size_t i = 0; i < edits; ++i) edit(text);
    return text;
  }

 private:
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void edit(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    switch (below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.erase(at, 1 + below(20));
        break;
      case 2:
        text.insert(at, kPieces.at(below(kPieces.size())));
        break;
      case 3:
        text.insert(at, text.substr(below(text.size() + 1), below(80)));
        break;
      case 4:
        text.insert(at, 1, static_cast<char>(below(256)));
        break;
      default:
        text.resize(at);
        break;
    }
  }

  std::mt19937 random_;  // the same numbers on every machine; distributions would not be
};

// SIMSYNC_TEST_SEED and SIMSYNC_TEST_ROUNDS try others.
std::uint32_t number_from(const char* variable, std::uint32_t otherwise) {
  const char* value = std::getenv(variable);
  return value == nullptr ? otherwise : static_cast<std::uint32_t>(std::strtoul(value, nullptr, 10));
}

TEST(Mutation, OnlyConfigErrorsOfOneLine) {
  const ExampleEnvironment environment;
  const std::uint32_t seed = number_from("SIMSYNC_TEST_SEED", kSeed);
  const std::uint32_t rounds = number_from("SIMSYNC_TEST_ROUNDS", kRounds);
  std::cout << "seed " << seed << ", " << rounds << " rounds\n";
  testing::internal::CaptureStderr();  // warnings about webhooks that lost their secret
  Mutator mutator(seed);
  std::uint32_t loaded = 0;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    const std::string text = mutator.mutate(kExample);
    try {
      static_cast<void>(parse_config(text, "c.yaml"));
      ++loaded;
    } catch (const ConfigError& error) {
      const std::string_view what = error.what();
      ASSERT_TRUE(what.starts_with("c.yaml:")) << what;
      ASSERT_EQ(what.find_first_of("\n\r\x1B"), std::string_view::npos) << what;
      ASSERT_EQ(what.find(kToken), std::string_view::npos) << what;
      ASSERT_EQ(what.find(kHookSecret), std::string_view::npos) << what;
    }  // anything else ends the test
  }
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(log.find(kHookSecret), std::string::npos);
  // Both ways were taken, or the loop tests nothing.
  EXPECT_GT(loaded, rounds / 100);
  EXPECT_LT(loaded, rounds);
}

}  // namespace
}  // namespace simsync::test
