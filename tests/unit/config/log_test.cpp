#include "config/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <functional>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/config/fixture.h"
#include "tests/unit/config/memory_watch.h"

namespace simsync::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

std::string lines_of(const std::function<void()>& body) {
  testing::internal::CaptureStderr();
  body();
  return testing::internal::GetCapturedStderr();
}

// The line behind its time and level.
std::string text_of(log::Fields fields) {
  const std::string line = lines_of([&] { log::info("event", fields); });
  const std::string mark = " info ";
  return line.substr(line.find(mark) + mark.size());
}

std::size_t count(const std::string& text, char c) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), c));
}

class Log : public testing::Test {
 protected:
  void TearDown() override { log::configure({}); }
};

TEST_F(Log, TextLine) {
  const std::string line = lines_of([] {
    log::info("walk finished", {{"project", "acme"}, {"sims", 12}, {"ok", std::string("a b")}});
  });
  EXPECT_THAT(line, MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z info walk finished "
                                 "project=acme sims=12 ok=\"a b\"\n"));
}

TEST_F(Log, Levels) {
  int calls = 0;  // what is said again the same way is only counted
  const auto all = [&calls] {
    log::debug("a");
    log::info("b");
    log::warning("c", {{"n", std::to_string(++calls)}});
    log::error("d", {{"n", std::to_string(calls)}});
  };
  EXPECT_EQ(count(lines_of(all), '\n'), 3U);
  log::configure({LogLevel::error, LogFormat::text});
  EXPECT_THAT(lines_of(all), MatchesRegex("[^\n]* error d n=2\n"));
  log::configure({LogLevel::debug, LogFormat::text});
  EXPECT_THAT(lines_of(all), MatchesRegex("[^\n]* debug a\n[^\n]* info b\n[^\n]* warning c n=3\n[^\n]* error d n=3\n"));
}

TEST_F(Log, FilteredLinesCostNothing) {
  log::configure({LogLevel::warning, LogFormat::text});
  const log::Field field("a", std::string(1000, 'x'));
  const auto allocations = [&](void (*write)(std::string_view, log::Fields)) {
    const std::initializer_list<log::Field> fields = {field};
    const MemoryWatch watch;
    write("an event that is too long for the inside of a string", fields);
    return watch.allocations();
  };
  testing::internal::CaptureStderr();
  EXPECT_EQ(allocations(log::info), 0);
  EXPECT_GT(allocations(log::warning), 0);
  static_cast<void>(testing::internal::GetCapturedStderr());
}

TEST_F(Log, TimeIsUtcWhateverTheZone) {
  const ScopedVariable zone("TZ", "UTC-9:30");
  ::tzset();
  const auto now = std::chrono::system_clock::now();
  const std::string line = lines_of([] { log::info("event"); });
  const std::chrono::hh_mm_ss time(now - std::chrono::floor<std::chrono::days>(now));
  const int minutes = std::stoi(line.substr(11, 2)) * 60 + std::stoi(line.substr(14, 2));
  const auto expected = static_cast<int>(time.hours().count() * 60 + time.minutes().count());
  EXPECT_LE((minutes - expected + 24 * 60) % (24 * 60), 1);  // a minute may have begun in between
}

TEST_F(Log, TextValuesAreQuotedWhereTheyMustBe) {
  EXPECT_EQ(text_of({{"a", ""}}), "event a=\"\"\n");
  EXPECT_EQ(text_of({{"a", "x=y"}}), "event a=\"x=y\"\n");
  EXPECT_EQ(text_of({{"a", "say \"hi\""}}), "event a=\"say \\\"hi\\\"\"\n");
  EXPECT_EQ(text_of({{"a", "back\\slash"}}), "event a=back\\slash\n");
  EXPECT_EQ(text_of({{"a", "back\\slash and space"}}), "event a=\"back\\\\slash and space\"\n");
  EXPECT_EQ(text_of({{"a", "{} %s %n"}}), "event a=\"{} %s %n\"\n");
}

TEST_F(Log, OutsideDataForgesNoTextLine) {
  const std::string forged = "x\n2026-01-01T00:00:00.000Z error all SIMs lost";
  EXPECT_EQ(text_of({{"status", forged}}), "event status=\"x\\n2026-01-01T00:00:00.000Z error all SIMs lost\"\n");
  EXPECT_EQ(text_of({{"a", "\x1B[2K\r\xC2\x85\xE2\x80\xA8\xFF"}}), "event a=\"\\u001b[2K\\r\\u0085\\u2028\\xff\"\n");
  EXPECT_EQ(text_of({{"a", std::string("x\0y", 3)}}), "event a=\"x\\u0000y\"\n");
  EXPECT_EQ(text_of({{"a b\n", "x"}}), "event a_b_=x\n");
  const std::string line = lines_of([] { log::info("ev\nent"); });
  EXPECT_THAT(line, HasSubstr("info ev\\nent\n"));
}

TEST_F(Log, JsonLine) {
  log::configure({LogLevel::info, LogFormat::json});
  const std::string line = lines_of([] {
    log::warning("page skipped",
                 {{"error", "a\"b\\\n\xFF\x01"}, {"time", "x"}, {"n", -3}, {"ok", true}, {"braces", "{}%v"}});
  });
  EXPECT_THAT(line, MatchesRegex("\\{\"time\":\"[0-9T:.-]{23}Z\",\"level\":\"warning\",.*\\}\n"));
  EXPECT_THAT(
      line,
      HasSubstr(
          R"("event":"page skipped","error":"a\"b\\\n\\xff\u0001","time_":"x","n":-3,"ok":true,"braces":"{}%v"})"));
}

TEST_F(Log, JsonKnowsNoInfinity) {
  log::configure({LogLevel::info, LogFormat::json});
  const std::string line = lines_of([] {
    log::info(
        "e",
        {{"a", std::numeric_limits<double>::infinity()}, {"b", std::numeric_limits<double>::quiet_NaN()}, {"c", 0.25}});
  });
  EXPECT_THAT(line, MatchesRegex(".*\"a\":\"inf\",\"b\":\"-?nan\",\"c\":0.250000\\}\n"));
}

TEST_F(Log, RepeatedTroubleIsCounted) {
  log::tell_repeats_now();
  const std::string lines = lines_of([] {
    for (int i = 0; i < 5; ++i) {
      log::warning("repeated in vain", {{"project", "acme"}, {"try", i}});
      log::recovered("well again");
      log::info("routine");
    }
    log::warning("repeated in vain", {{"project", "beta"}});
    log::tell_repeats();  // nothing is due yet
    log::tell_repeats_now();
  });
  const auto times = [&](const std::string& text) {
    std::size_t found = 0;
    for (std::size_t at = lines.find(text); at != std::string::npos; at = lines.find(text, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(times("info routine\n"), 5U);
  EXPECT_EQ(times("warning repeated in vain project=acme try=0\n"), 1U);
  EXPECT_EQ(times("warning repeated in vain project=acme try=4 repeated=4 for_s="), 1U) << lines;
  EXPECT_EQ(times("info well again\n"), 1U);
  EXPECT_EQ(times("info well again repeated=4 for_s="), 1U);
  EXPECT_EQ(count(lines, '\n'), 10U) << lines;
}

// A reload may change both while others log.
TEST_F(Log, FormatMayChangeWhileOthersWrite) {
  const std::string text = lines_of([] {
    std::jthread writer{[](const std::stop_token& stop) {
      while (!stop.stop_requested()) log::info("tick", {{"a", 1}});
    }};
    for (int i = 0; i < 300; ++i) log::configure({LogLevel::info, i % 2 == 0 ? LogFormat::json : LogFormat::text});
  });
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    EXPECT_THAT(
        text.substr(begin, end - begin),
        testing::AnyOf(MatchesRegex("[0-9TZ:.-]+ info tick a=1"),
                       MatchesRegex("\\{\"time\":\"[0-9TZ:.-]+\",\"level\":\"info\",\"event\":\"tick\",\"a\":1\\}")));
    begin = end + 1;
  }
}

TEST_F(Log, LongValuesAreCut) {
  const std::string line = text_of({{"a", std::string(100'000, 'x')}, {"b", "y"}});
  EXPECT_EQ(line, "event a=\"" + std::string(2048, 'x') + "…\" b=y\n");
}

TEST_F(Log, LinesStayShorterThanTheJournalCuts) {
  const std::string worst(100'000, '\x01');
  for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
    log::configure({LogLevel::info, format});
    const std::string line = lines_of([&] {
      log::info(worst, {{"a", worst}, {"b", worst}, {"c", worst}, {"d", worst}, {"e", worst}, {"f", worst}});
    });
    EXPECT_LT(line.size(), 48U * 1024);
    EXPECT_THAT(line, HasSubstr("cut"));
    EXPECT_EQ(count(line, '\n'), 1U);
  }
}

TEST_F(Log, NumbersOfAllKinds) {
  EXPECT_EQ(text_of({{"a", std::numeric_limits<std::uint64_t>::max()},
                     {"b", std::numeric_limits<std::int64_t>::min()},
                     {"c", 1.5}}),
            "event a=18446744073709551615 b=-9223372036854775808 c=1.500000\n");
}

TEST_F(Log, ThreadsDoNotMixLines) {
  const std::string text = lines_of([] {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 200; ++i) log::info("tick", {{"filler", std::string(300, 'x')}});
      });
    }
  });
  EXPECT_EQ(count(text, '\n'), 800U);
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    EXPECT_THAT(text.substr(begin, end - begin), MatchesRegex("[0-9TZ:.-]+ info tick filler=x{300}"));
    begin = end + 1;
  }
}

TEST_F(Log, JournalWritesNothingToStderr) {
  log::configure({LogLevel::info, LogFormat::journal});
  EXPECT_EQ(lines_of([] { log::info("event", {{"a", "b"}}); }), "");
}

}  // namespace
}  // namespace simsync::test
