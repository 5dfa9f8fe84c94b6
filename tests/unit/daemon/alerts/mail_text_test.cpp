// Mails as bytes: whatever is in a name or a text, headers stay the headers they are and lines stay short.
#include "daemon/alerts/mail_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alert_message.h"
#include "config/printable.h"
#include "daemon/alerts/base64.h"
#include "daemon/alerts/message_text.h"

namespace simsync {
namespace {

using testing::AllOf;
using testing::Each;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

MailParts some_parts(const std::string& subject = "a subject", const std::string& text = "a line\n") {
  return {"simsyncd@example.com", {"noc@example.com"}, subject, text, some_message().id, some_time()};
}

// What is between \r\n and \r\n; a lone one of the two stays in its line.
std::vector<std::string> lines_of(std::string_view mail) {
  std::vector<std::string> lines;
  for (auto end = mail.find("\r\n"); end != std::string_view::npos; end = mail.find("\r\n")) {
    lines.emplace_back(mail.substr(0, end));
    mail.remove_prefix(end + 2);
  }
  if (!mail.empty()) lines.emplace_back(mail);
  return lines;
}

// A mail as its receiver reads it.
struct ReadMail {
  std::vector<std::pair<std::string, std::string>> headers;  // unfolded, as they came
  std::string text;

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
    return found == headers.end() ? "(none)" : found->second;
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, value] : headers) names.push_back(name);
    return names;
  }
};

ReadMail read(const std::string& mail) {
  ReadMail read;
  const auto body = mail.find("\r\n\r\n");
  for (const std::string& line : lines_of(mail.substr(0, body))) {
    if (line.starts_with(' ')) {
      read.headers.back().second += line;
    } else {
      const auto colon = line.find(": ");
      read.headers.emplace_back(line.substr(0, colon), colon == std::string::npos ? "" : line.substr(colon + 2));
    }
  }
  for (const std::string& line : lines_of(mail.substr(body + 4)))
    read.text += from_base64(line).value_or("(no base64)");
  return read;
}

// RFC 2047: the blanks between two encoded words are no part of the text.
std::string decoded(const std::string& subject) {
  constexpr std::string_view kBegin = "=?UTF-8?B?";
  std::string text;
  std::string_view left = subject;
  while (left.starts_with(kBegin)) {
    const auto end = left.find("?=");
    text += from_base64(left.substr(kBegin.size(), end - kBegin.size())).value_or("(no base64)");
    left.remove_prefix(end + 2);
    if (left.starts_with(' ')) left.remove_prefix(1);
  }
  return text + std::string{left};
}

constexpr auto kHeaders = {"Date",         "From",         "To",
                           "Subject",      "Message-ID",   "Auto-Submitted",
                           "MIME-Version", "Content-Type", "Content-Transfer-Encoding"};

TEST(MailText, IsAMailWithAllItsHeaders) {
  const ReadMail mail = read(mail_of(some_parts()));
  EXPECT_THAT(mail.names(), testing::ElementsAreArray(kHeaders));
  EXPECT_EQ(mail.header("Date"), "Sat, 14 Mar 2026 00:00:01 +0000");
  EXPECT_EQ(mail.header("From"), "simsyncd@example.com");
  EXPECT_EQ(mail.header("To"), "noc@example.com");
  EXPECT_EQ(mail.header("Subject"), "a subject");
  EXPECT_EQ(mail.header("Auto-Submitted"), "auto-generated");
  EXPECT_EQ(mail.text, "a line\r\n");
}

TEST(MailText, KeepsItsHeadersWhateverTheSubjectIs) {
  for (const char* line_end : {"\r\n", "\n", "\r", "\r\n\r\n"}) {
    const std::string subject = std::string{"gone"} + line_end + "Bcc: all@example.com";
    const std::string bytes = mail_of(some_parts(subject));
    const ReadMail mail = read(bytes);
    EXPECT_THAT(mail.names(), testing::ElementsAreArray(kHeaders));
    EXPECT_THAT(bytes, Not(HasSubstr("Bcc")));
    EXPECT_EQ(decoded(mail.header("Subject")), subject);
    EXPECT_EQ(mail.text, "a line\r\n");
  }
}

TEST(MailText, KeepsItsHeadersWhateverTheRuleIsCalled) {
  AlertMessage message = some_message();
  message.rule = "gone\r\nBcc: all@example.com\r\n\r\nbody";
  message.project = "acme\nX-Project: 1";
  message.first.front().sim_id = "sim\r\nX-Sim: 1";
  const ReadMail mail = read(mail_of(some_parts(subject_of(message), text_of(message))));
  EXPECT_THAT(mail.names(), testing::ElementsAreArray(kHeaders));
  EXPECT_THAT(decoded(mail.header("Subject")), HasSubstr("gone??Bcc: all@example.com????body"));
}

TEST(MailText, KeepsItsHeadersWhateverAnAddressOrAnIdIs) {
  MailParts parts = some_parts();
  parts.from = "me@example.com\r\nBcc: a@example.com";
  parts.to = {"you@example.com\nBcc: b@example.com", "they@example.com\r"};
  parts.id = "msg_1\r\nBcc: c@example.com>";
  const ReadMail mail = read(mail_of(parts));
  EXPECT_THAT(mail.names(), testing::ElementsAreArray(kHeaders));
  EXPECT_EQ(mail.header("To"), "you@example.comBcc: b@example.com, they@example.com");
}

TEST(MailText, WritesASubjectOfAnyAlphabetAndLength) {
  for (const std::string& subject :
       {std::string{"[critical] profile-gone: SIM 1, enabled → disabled (Ærø)"}, std::string(200, 'x'),
        std::string{"=?UTF-8?B?YQ==?="}, std::string{"tab\there"}, std::string{"日本語の名前"}, std::string{}}) {
    const std::string bytes = mail_of(some_parts(subject));
    EXPECT_EQ(decoded(read(bytes).header("Subject")), subject);
    EXPECT_TRUE(std::ranges::all_of(bytes, [](unsigned char c) { return c < 127; }));
    EXPECT_THAT(lines_of(bytes), Each(SizeIs(testing::Le(78U))));
  }
}

TEST(MailText, CutsNoCharacterBetweenTwoEncodedWords) {
  for (std::size_t before = 0; before < 50; ++before) {
    std::string subject(before, 'a');
    for (int i = 0; i < 40; ++i) subject += "→";
    const std::string bytes = mail_of(some_parts(subject));
    const std::string header = read(bytes).header("Subject");
    EXPECT_EQ(decoded(header), subject);
    for (std::string_view left = header; !left.empty();
         left.remove_prefix(std::min(left.find(' '), left.size() - 1) + 1)) {
      EXPECT_TRUE(is_utf8(decoded(std::string{left.substr(0, left.find(' '))}))) << header;
    }
    EXPECT_THAT(lines_of(bytes), Each(SizeIs(testing::Le(78U))));
  }
}

TEST(MailText, SaysTheSameWithEveryLineShort) {
  const std::string text = ".\n..\n.hidden\nFrom me\n\n" + std::string(5000, 'x') + "\n→ Ærø\nlast without an end";
  const std::string bytes = mail_of(some_parts("a subject", text));
  EXPECT_THAT(lines_of(bytes), Each(AllOf(SizeIs(testing::Le(78U)), Not(testing::StartsWith(".")), Not(HasSubstr("\n")),
                                          Not(HasSubstr("\r")))));
  std::string received = read(bytes).text;
  std::erase(received, '\r');
  EXPECT_EQ(received, text);
}

TEST(MailText, KeepsLinesShortWithManyRecipients) {
  MailParts parts = some_parts();
  parts.to.assign(50, "somebody@example.com");
  EXPECT_THAT(lines_of(mail_of(parts)), Each(SizeIs(testing::Le(78U))));
  // An address cannot be folded.
  parts.to = {std::string(240, 'x') + "@example.com", "noc@example.com"};
  EXPECT_THAT(lines_of(mail_of(parts)), Each(SizeIs(testing::Le(998U))));
}

TEST(MailText, HasTheSameIdInEveryAttempt) {
  MailParts parts = some_parts();
  const std::string id = read(mail_of(parts)).header("Message-ID");
  EXPECT_EQ(id, "<" + some_message().id + "@example.com>");
  parts.date += std::chrono::hours{1};
  parts.to = {"other@example.com"};
  EXPECT_EQ(read(mail_of(parts)).header("Message-ID"), id);
  parts.id = "msg_another";
  EXPECT_NE(read(mail_of(parts)).header("Message-ID"), id);
}

TEST(MailText, HasAnIdOfItsFormWhateverItIsMadeOf) {
  MailParts parts = some_parts();
  parts.id = "a b<c>@\r\nd.e-f_g/ø";
  EXPECT_EQ(read(mail_of(parts)).header("Message-ID"), "<abcd.e-f_g@example.com>");
  parts.from = "nobody";
  EXPECT_THAT(read(mail_of(parts)).header("Message-ID"), EndsWith("@simsyncd.invalid>"));
}

TEST(MailText, DatesInEnglishAndUtc) {
  MailParts parts = some_parts();
  const auto date = [&](std::int64_t seconds) {
    parts.date = TimePoint{std::chrono::seconds{seconds}};
    return read(mail_of(parts)).header("Date");
  };
  setenv("TZ", "JST-9", 1);
  tzset();
  EXPECT_EQ(date(0), "Thu, 01 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(date(1'709'251'199), "Thu, 29 Feb 2024 23:59:59 +0000");
  EXPECT_EQ(date(1'798'761'599), "Thu, 31 Dec 2026 23:59:59 +0000");
  unsetenv("TZ");
  tzset();
}

}  // namespace
}  // namespace simsync
