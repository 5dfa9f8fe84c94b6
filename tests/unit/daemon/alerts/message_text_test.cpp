// Messages in words: that people understand them, and that no name in them can do harm.
#include "daemon/alerts/message_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "alert_message.h"
#include "config/printable.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Le;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

AlertMessage about_no_sim(const std::string& rule, const std::string& details, const std::string& provider = "") {
  AlertMessage message = some_message();
  message.rule = rule;
  message.lasting = true;
  message.breakdown = {{provider, "", "", 1}};
  message.first.clear();
  message.details = details;
  return message;
}

AlertMessage many_alerts() {
  AlertMessage message = some_message();
  message.last_raised_at += 9s;
  message.alerts = 30;
  message.breakdown = {{"p9", "enabled", "disabled", 20}, {"p8", "enabled", "deleted", 9}};
  message.first.push_back({8, "sim-2", "", "p8", "enabled", "deleted", 3, some_time() + 1500ms});
  return message;
}

// Each line a value may stand in, and what a line is ended by for any reader.
void expect_harmless(const std::string& text) {
  std::string_view left = text;
  while (!left.empty()) {
    const auto end = left.find('\n');
    ASSERT_NE(end, std::string_view::npos) << "ends without a line end";
    const std::string_view line = left.substr(0, end);
    EXPECT_EQ(printable(line), line);
    left.remove_prefix(end + 1);
  }
}

TEST(MessageText, TellsOfOneSim) {
  EXPECT_EQ(subject_of(some_message()), "[critical] profile-gone: SIM sim-1, enabled → disabled (acme)");
  EXPECT_EQ(text_of(some_message()),
            "[critical] profile-gone: SIM sim-1, enabled → disabled (acme)\n"
            "\n"
            "Rule profile-gone in project acme: 1 alert.\n"
            "Raised at 2026-03-14T00:00:01Z.\n"
            "\n"
            "The SIMs:\n"
            "  2026-03-14T00:00:01Z  sim-1  ICCID 8944500102198304826  p9  enabled → disabled\n"
            "\n"
            "All of them:\n"
            "  SELECT * FROM simsync.alert WHERE project = 'acme' AND rule = 'profile-gone' AND raised_at BETWEEN "
            "'2026-03-14 00:00:01+00' AND '2026-03-14 00:00:01+00' ORDER BY alert_id;\n"
            "\n"
            "Message msg_0123456789abcdef0123456789abcdef\n");
}

TEST(MessageText, TellsOfManyByKindAndTheFirstOfThem) {
  EXPECT_EQ(subject_of(many_alerts()), "[critical] profile-gone: 30 alerts (acme)");
  EXPECT_THAT(text_of(many_alerts()),
              HasSubstr("Rule profile-gone in project acme: 30 alerts.\n"
                        "Raised from 2026-03-14T00:00:01Z to 2026-03-14T00:00:10Z.\n"
                        "  20  p9  enabled → disabled\n"
                        "  9  p8  enabled → deleted\n"
                        "  1  others\n"
                        "\n"
                        "The first 2:\n"
                        "  2026-03-14T00:00:01Z  sim-1  ICCID 8944500102198304826  p9  enabled → disabled\n"
                        "  2026-03-14T00:00:02.500000Z  sim-2  p8  enabled → deleted  3 times\n"));
}

TEST(MessageText, SaysOfWhichKindTheyAllAre) {
  AlertMessage message = many_alerts();
  message.breakdown = {{"p9", "enabled", "disabled", 30}};
  EXPECT_EQ(subject_of(message), "[critical] profile-gone: 30 alerts, enabled → disabled (acme)");
  message.breakdown = {{"p9", "", "disabled", 30}};
  EXPECT_EQ(subject_of(message), "[critical] profile-gone: 30 alerts, disabled (acme)");
}

TEST(MessageText, TellsOfWhatLastsAndOfItsEnd) {
  AlertMessage message = some_message();
  message.lasting = true;
  EXPECT_EQ(subject_of(message), "[critical] profile-gone: firing, SIM sim-1, enabled → disabled (acme)");
  message.event = AlertEvent::resolved;
  message.resolved_at = some_time() + 1h;
  EXPECT_EQ(subject_of(message), "[critical] profile-gone: resolved, SIM sim-1, enabled → disabled (acme)");
  EXPECT_THAT(text_of(message), HasSubstr("1 alert, resolved.\n"
                                          "Raised at 2026-03-14T00:00:01Z.\n"
                                          "Resolved at 2026-03-14T01:00:01Z.\n"));
}

TEST(MessageText, SaysWhatIsATestFirst) {
  AlertMessage message = some_message();
  EXPECT_THAT(text_of(message), Not(AllOf(HasSubstr("TEST"), HasSubstr("Nothing has happened"))));
  message.test = true;
  EXPECT_EQ(subject_of(message), "TEST [critical] profile-gone: SIM sim-1, enabled → disabled (acme)");
  EXPECT_THAT(text_of(message),
              HasSubstr("\n\nThis is a test, sent by 'simsyncd alerts test'. Nothing has happened.\nRule "));
}

TEST(MessageText, TellsOfStock) {
  AlertMessage message = about_no_sim("low", R"({"provider":"p9","type":"pSIM","unused":3,"below":10})", "p9");
  EXPECT_EQ(subject_of(message), "[critical] low: firing (acme)");
  EXPECT_THAT(text_of(message), HasSubstr("Raised at 2026-03-14T00:00:01Z.\n"
                                          "  provider: p9\n"
                                          "  type: pSIM\n"
                                          "  unused: 3\n"
                                          "  below: 10\n"
                                          "\nAll of them:\n"));
  message.alerts = 2;
  message.breakdown.push_back({"p8", "", "", 1});
  message.details = R"({"alerts":[{"provider":"p9","unused":3},{"provider":"p8","unused":4}]})";
  EXPECT_EQ(subject_of(message), "[critical] low: firing, 2 alerts (acme)");
  EXPECT_THAT(text_of(message), HasSubstr("  1  p9\n"
                                          "  1  p8\n"
                                          "  alerts: {\"provider\":\"p9\",\"unused\":3}\n"
                                          "  alerts: {\"provider\":\"p8\",\"unused\":4}\n"));
}

TEST(MessageText, TellsOfFreshness) {
  const AlertMessage message =
      about_no_sim("late", R"({"ever_complete":true,"last_complete_walk_seconds":1700000000,"above_seconds":86400})");
  EXPECT_THAT(text_of(message), HasSubstr("1 alert, firing.\n"
                                          "Raised at 2026-03-14T00:00:01Z.\n"
                                          "  ever_complete: true\n"
                                          "  last_complete_walk_seconds: 1700000000\n"
                                          "  above_seconds: 86400\n"));
}

TEST(MessageText, TellsOfAMassDisappearanceAndHowToApproveIt) {
  AlertMessage message = about_no_sim(
      "mass-disappearance",
      R"({"walk_id":12,"held_back":4000,"error":"4000 of 5000 are gone","approve":"simsyncd approve 12"})");
  message.lasting = false;
  EXPECT_EQ(subject_of(message), "[critical] mass-disappearance (acme)");
  EXPECT_THAT(text_of(message), HasSubstr("  held_back: 4000\n"
                                          "  error: 4000 of 5000 are gone\n"
                                          "  approve: simsyncd approve 12\n"));
}

TEST(MessageText, TellsOfARefusedTokenAlsoSeveralTimes) {
  AlertMessage message = about_no_sim("auth-failed", R"({"error":"HTTP 401: no such token"})");
  EXPECT_EQ(subject_of(message), "[critical] auth-failed: firing (acme)");
  EXPECT_THAT(text_of(message), HasSubstr("00:00:01Z.\n  error: HTTP 401: no such token\n"));
  message.alerts = message.breakdown.front().alerts = 2;
  message.details = R"({"alerts":[{"error":"a"},{"error":"b"}]})";
  EXPECT_THAT(text_of(message), HasSubstr("00:00:01Z.\n  alerts: {\"error\":\"a\"}\n  alerts: {\"error\":\"b\"}\n\n"));
}

TEST(MessageText, NeedsNoDetailsThatAreDetails) {
  for (const char* details : {"", "{}", "null", "[1]", "{\"a\":", "no JSON"}) {
    const std::string text = text_of(about_no_sim("late", details));
    EXPECT_THAT(text, HasSubstr("00:00:01Z.\n\nAll of them:\n")) << details;
  }
  EXPECT_THAT(text_of(about_no_sim("late", "{\"a\":\"" + std::string(20'000, 'x') + "\"}")), SizeIs(Le(1000U)));
}

// What ends a line, turns the text around, moves a terminal's cursor, or is no UTF-8.
constexpr std::string_view kTreacherous[] = {"\n",     "\r\n", "\x1b[2J", "\u2028", "\u202e",
                                             "\u0085", "\x7f", "\xff",    "\xc3"};

AlertMessage named(const std::string& name) {
  AlertMessage message = many_alerts();
  message.rule = message.project = message.severity = message.id = name;
  message.breakdown = {{name, name, name, 29}};
  for (AlertOfSim& alert : message.first) alert = {1, name, name, name, name, name, 1, some_time()};
  message.details = nlohmann::json{{name, name}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return message;
}

TEST(MessageText, IsHarmlessWhateverItsNamesAre) {
  for (const std::string_view treacherous : kTreacherous) {
    AlertMessage message = named("a" + std::string{treacherous} + "b");
    expect_harmless(subject_of(message) + "\n");
    expect_harmless(text_of(message));
    message.alerts = 1;
    expect_harmless(text_of(message));
    EXPECT_TRUE(nlohmann::json::accept(cloud_event(message))) << "no UTF-8";
    EXPECT_THAT(cloud_event(message), Not(HasSubstr("\n")));
  }
}

TEST(MessageText, IsOfBoundedLength) {
  for (const char* letter : {"x", "→"}) {
    std::string name;
    while (name.size() < 100'000) name += letter;
    AlertMessage message = named(name);
    message.breakdown.resize(50, message.breakdown.front());
    message.first.resize(20, message.first.front());
    EXPECT_THAT(subject_of(message), SizeIs(Le(700U)));
    message.test = true;
    message.event = AlertEvent::resolved;
    message.alerts = message.breakdown.front().alerts = 1;
    message.breakdown.resize(1);
    EXPECT_THAT(subject_of(message), SizeIs(Le(700U)));
    EXPECT_TRUE(is_utf8(subject_of(message)));
    EXPECT_THAT(subject_of(message), HasSubstr("…"));
  }
}

TEST(MessageText, CutsNamesAndDetailsThatAreVeryLong) {
  AlertMessage message = named("name");
  message.breakdown.assign(50, {std::string(5000, 'p'), std::string(5000, 'f'), std::string(5000, 't'), 1});
  message.first.assign(20, {1, std::string(5000, 's'), "", "", "", "", 1, some_time()});
  nlohmann::json details;
  for (int i = 0; i < 30; ++i) details[std::to_string(i)] = std::string(400, 'd');
  message.details = details.dump();
  const std::string text = text_of(message);
  EXPECT_THAT(text, SizeIs(Le(50'000U)));
  EXPECT_LE(std::ranges::count(text, '\n'), 110);
  EXPECT_THAT(text, HasSubstr(": " + std::string(300, 'd') + "…\n"));
  EXPECT_THAT(text, HasSubstr("  " + std::string(100, 's') + "…\n"));
}

TEST(MessageText, IsTheSameInEveryAttempt) {
  AlertMessage again = many_alerts();
  again.attempts = 7;
  again.pending_since += 1h;
  EXPECT_EQ(text_of(again), text_of(many_alerts()));
  EXPECT_EQ(cloud_event(again), cloud_event(many_alerts()));
}

// The value of the literal that `query` begins with, as PostgreSQL reads it, and what is left after it.
std::string take_literal(std::string_view& query) {
  const bool escaped = query.starts_with('E');
  query.remove_prefix(escaped ? 2 : 1);
  std::string value;
  while (!query.empty()) {
    if (query.starts_with("''")) {
      value += '\'';
      query.remove_prefix(2);
    } else if (query.starts_with('\'')) {
      query.remove_prefix(1);
      return value;
    } else if (escaped && query.starts_with("\\\\")) {
      value += '\\';
      query.remove_prefix(2);
    } else if (escaped && query.starts_with("\\U")) {
      const nlohmann::json character = nlohmann::json::parse("\"\\u" + std::string{query.substr(6, 4)} + "\"");
      EXPECT_EQ(query.substr(2, 4), "0000");
      value += character.get<std::string>();
      query.remove_prefix(10);
    } else {
      value += query.front();
      query.remove_prefix(1);
    }
  }
  return "(no end)";
}

void expect_queried(const std::string& project, const std::string& rule, const std::string& as_rule) {
  AlertMessage message = some_message();
  message.project = project;
  message.rule = rule;
  const std::string query = query_of(message);
  EXPECT_EQ(printable(query), query);
  std::string_view left = query;
  left.remove_prefix(left.find("project = ") + 10);
  EXPECT_EQ(take_literal(left), project);
  ASSERT_THAT(std::string{left}, StartsWith(" AND rule = "));
  left.remove_prefix(12);
  EXPECT_EQ(take_literal(left), as_rule);
  EXPECT_THAT(std::string{left}, StartsWith(" AND raised_at BETWEEN '2026-"));
}

TEST(MessageText, QuotesNamesInItsQuery) {
  for (const std::string name :
       {"plain", "it's", "''", "'; DROP TABLE simsync.sim; --", "back\\slash", "\\", "\\'", "'\\", "a\\\\'b", "→ Ærø",
        "line\nend", "\r\n", "tab\t'", "\u202e\\'", "\x01", "%s {} $1 :name :'name'", "E'x'", "", "U&'\\0041'"}) {
    expect_queried("acme", name, name);
    expect_queried(name, name, name);
  }
}

TEST(MessageText, QuotesPlainlyWhateverCanBe) {
  AlertMessage message = some_message();
  message.rule = "it's → gone";
  EXPECT_THAT(query_of(message), HasSubstr("rule = 'it''s → gone' AND"));
  message.rule = "a\\b\n'";
  EXPECT_THAT(query_of(message), HasSubstr("rule = E'a\\\\b\\U0000000A''' AND"));
}

TEST(MessageText, QueriesWhatTheDatabaseHoldsForBytesThatItCannot) {
  expect_queried("acme", std::string{"a\0b", 3}, "a\uFFFDb");
  expect_queried("acme", "a\xff'b", "a\uFFFD'b");
  expect_queried("acme", "end\xc3", "end\uFFFD");
}

}  // namespace
}  // namespace simsync
