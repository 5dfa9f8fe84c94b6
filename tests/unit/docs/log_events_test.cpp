// The log is an interface: whoever filters or counts its lines goes by the events and keys that docs/operations.md
// lists. Holds every call in the source against that list.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace simsync::test {
namespace {

using Events = std::map<std::string, std::set<std::string>>;  // with their keys

std::vector<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex regex{pattern};
  std::vector<std::string> found;
  for (std::sregex_iterator at{text.begin(), text.end(), regex}, end; at != end; ++at) found.push_back((*at)[1]);
  return found;
}

// From behind an opening parenthesis to what closes it; texts hold none that is alone.
std::string arguments(const std::string& source, std::size_t begin) {
  int open = 1;
  std::size_t end = begin;
  for (; end < source.size() && open > 0; ++end) open += source[end] == '(' ? 1 : source[end] == ')' ? -1 : 0;
  return source.substr(begin, end - begin);
}

// The calls of one file; what names no event where it stands goes to `unnamed`.
void collect(const std::string& source, Events& events, std::vector<std::string>& unnamed) {
  const std::regex call{R"((?:\blog::(?:debug|info|warning|error|recovered)|\blog_it|_log_\.note)\()"};
  for (std::sregex_iterator at{source.begin(), source.end(), call}, end; at != end; ++at) {
    const auto begin = static_cast<std::size_t>(at->position() + at->length());
    const std::string said = arguments(source, begin);
    std::smatch event;
    if (!std::regex_search(said, event, std::regex{R"re(^\s*"([^"\\]+)"\s*[,)])re"})) {
      unnamed.push_back(said.substr(0, 60));
      continue;
    }
    auto& keys = events[event[1]];
    for (const std::string& key : matches(said, R"re(\{\s*"([^"]+)"\s*,)re")) keys.insert(key);
    // skip_log.h
    if (at->str().find("note") != std::string::npos) keys.insert({"project", "sim", "reason"});
  }
}

Events in_source(std::vector<std::string>& unnamed) {
  Events events;
  for (const char* folder : {"config", "storage", "sync", "daemon"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator{std::string{SIMSYNC_SOURCE "/"} + folder}) {
      const std::string extension = entry.path().extension();
      const std::string name = entry.path().filename();
      if ((extension != ".cpp" && extension != ".h") || name == "skip_log.h") continue;
      collect(read_file(entry.path()), events, unnamed);
    }
  }
  return events;
}

// The rows `| event | level | keys | …` of the page's section.
Events documented() {
  const std::string page = read_file(SIMSYNC_SOURCE "/docs/operations.md");
  const std::size_t begin = page.find("\n## The log\n");
  if (begin == std::string::npos) return {};
  const std::string section = page.substr(begin + 1, page.find("\n## ", begin + 1) - begin);
  Events events;
  const std::regex row{"\n\\| `([^`]+)` \\| ([a-z, ]+) \\|([^|]*)\\|"};
  for (std::sregex_iterator at{section.begin(), section.end(), row}, end; at != end; ++at) {
    const auto keys = matches((*at)[3], "`([^`]+)`");
    EXPECT_TRUE(events.emplace((*at)[1], std::set<std::string>{keys.begin(), keys.end()}).second) << (*at)[1];
  }
  return events;
}

TEST(LogEvents, EachIsDocumentedWithItsKeys) {
  std::vector<std::string> unnamed;
  const Events source = in_source(unnamed);
  const Events page = documented();
  EXPECT_GT(source.size(), 30U);
  EXPECT_THAT(unnamed, testing::IsEmpty()) << "an event has to be a text where the line is logged";
  for (const auto& [event, keys] : source) {
    ASSERT_TRUE(page.contains(event)) << "docs/operations.md, \"The log\", lacks: " << event;
    EXPECT_EQ(page.at(event), keys) << event;
  }
  for (const auto& [event, keys] : page) EXPECT_TRUE(source.contains(event)) << "nothing logs: " << event;
}

}  // namespace
}  // namespace simsync::test
