#include "config/printable.h"

#include <gtest/gtest.h>

#include <string>

namespace simsync::test {
namespace {

std::string escaped(std::string_view bytes, Escaping escaping = Escaping::text) {
  std::string out;
  append_escaped(out, bytes, escaping);
  return out;
}

TEST(Printable, PlainTextStays) {
  EXPECT_EQ(escaped("SIM 1/2 \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), "SIM 1/2 \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_FALSE(needs_escaping("a\\b \xC3\xA4"));
}

TEST(Printable, WhatMovesOrEndsTheLineIsEscaped) {
  EXPECT_EQ(escaped("a\nb\rc\td"), "a\\nb\\rc\\td");
  EXPECT_EQ(escaped(std::string("\0\x1B[2J\x7F", 6)), "\\u0000\\u001b[2J\\u007f");
  EXPECT_EQ(escaped("\xC2\x85\xC2\x9B"), "\\u0085\\u009b");          // C1: next line, and ESC [ in one
  EXPECT_EQ(escaped("\xE2\x80\xA8\xE2\x80\xAE"), "\\u2028\\u202e");  // line separator, right-to-left override
  EXPECT_EQ(escaped("\"\\"), "\\\"\\\\");
  for (const char* text : {"\n", "\x7F", "\xC2\x85", "\xE2\x80\xAE", "\"", "\xFF"}) EXPECT_TRUE(needs_escaping(text));
}

TEST(Printable, KnowsUtf8) {
  for (const char* text : {"", "a\n", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"}) EXPECT_TRUE(is_utf8(text));
  for (const char* text : {"\xFF", "a\xC3", "\xC0\x80", "\xED\xA0\x80"}) EXPECT_FALSE(is_utf8(text));
}

TEST(Printable, BytesThatAreNoUtf8) {
  EXPECT_EQ(escaped("\xFF\xC3"), "\\xff\\xc3");
  EXPECT_EQ(escaped("\xFF", Escaping::json), "\\\\xff");
  EXPECT_EQ(escaped("\xC0\x8A"), "\\xc0\\x8a");                    // an overlong newline
  EXPECT_EQ(escaped("\xE0\x80\x8A"), "\\xe0\\x80\\x8a");           // and a longer one
  EXPECT_EQ(escaped("\xED\xA0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(escaped("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
  EXPECT_EQ(escaped("\xE2\x82\n"), "\\xe2\\x82\\n");               // cut short; the newline is its own character
}

TEST(Printable, ForATerminalOnlyWhatDoesHarmIsReplaced) {
  EXPECT_EQ(printable("a \"b\" c:\\d \xC3\xA4\xF0\x9F\x98\x80"), "a \"b\" c:\\d \xC3\xA4\xF0\x9F\x98\x80");
  EXPECT_EQ(printable("\x1B[2J\x7F\n"), "?[2J??");
  EXPECT_EQ(printable("\xC2\x9B"
                      "2J\xE2\x80\xAE"
                      "x\xE2\x81\xA6\xE2\x80\xA8"),
            "?2J?x??");
  EXPECT_EQ(printable("\x9B"
                      "2J\xE2\x80"),
            "?2J??")
      << "no UTF-8: a terminal may take it for C1";
}

TEST(Printable, BeginningCutsBetweenCharacters) {
  EXPECT_EQ(beginning("abc", 3), "abc");
  EXPECT_EQ(beginning("abcd", 3), "abc");
  EXPECT_EQ(beginning("ab\xC3\xA4", 3), "ab");
  EXPECT_EQ(beginning("a\xF0\x9F\x98\x80z", 4), "a");
  EXPECT_EQ(beginning("a\xF0\x9F\x98\x80z", 5), "a\xF0\x9F\x98\x80");
  EXPECT_EQ(beginning("\x80\x80\x80\x80\x80\x80\x80", 6).size(), 6U);
  EXPECT_EQ(beginning("abc", 0), "");
  EXPECT_EQ(beginning("\xC3\xA4", 1), "");
  EXPECT_EQ(beginning("ab\x80", 2), "ab") << "a byte that is no character cuts none in two";
}

TEST(Printable, QuotedIsShort) {
  EXPECT_EQ(in_quotes("a b"), "\"a b\"");
  EXPECT_EQ(in_quotes(std::string(81, 'x')), "\"" + std::string(80, 'x') + "…\"");
}

}  // namespace
}  // namespace simsync::test
