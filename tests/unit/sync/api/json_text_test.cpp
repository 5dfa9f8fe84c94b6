#include "sync/api/json_text.h"

#include <gtest/gtest.h>

#include <random>

namespace simsync::json {
namespace {

std::string cleaned(std::string_view raw) {
  std::string out;
  append_clean(raw, out);
  return out;
}

std::string decoded(std::string_view raw) {
  std::string out;
  return append_decoded(raw, out) ? out : "(refused)";
}

TEST(JsonCheck, TakesWhatIsJson) {
  for (const char* text : {"{}", "[]", "null", "true", "false", "0", "-0", "12", "-1.5e+10", "1E5", "0.001", "\"\"",
                           "\"a\\u00e9\\n\\/\"", R"({"a":1,"b":[true,{"c":null}],"":""})", "[ 1 , 2 ]",
                           "{ \"a\" : { } }", "[[[]]]", "\"\xC3\xA9\"", R"("12345678 quoted \" inside \\ and more")"}) {
    EXPECT_EQ(check(text).verdict, Verdict::ok) << text;
  }
}

TEST(JsonCheck, RefusesWhatIsNot) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[",
                           "]",
                           "{}x",
                           "{} ",
                           " {}",
                           "{]",
                           "[}",
                           "[1,]",
                           "{\"a\":1,}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{a:1}",
                           "{1:1}",
                           "[1 2]",
                           "[,1]",
                           "nul",
                           "nulll",
                           "True",
                           "01",
                           "-",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "+1",
                           "0x1",
                           "NaN",
                           "\"",
                           "\"abc",
                           "\"\\\"",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12G4\"",
                           "\"a\nb\"",
                           "\"a\tb 12345678\"",
                           "'a'",
                           "{\"a\":1 \"b\":2}",
                           "{\"a\":1}}",
                           "[[]",
                           "{\"a\":[}]",
                           "\"a\" \"b\"",
                           "1 2",
                           "{\"a\":\"b}"}) {
    EXPECT_EQ(check(text).verdict, Verdict::invalid) << text;
  }
}

TEST(JsonCheck, EveryCutOfAnObjectIsInvalid) {
  const std::string whole = R"({"a":[1,-2.5e3,"x\u00e9\\"],"b":{"c":null,"d":true}})";
  ASSERT_EQ(check(whole).verdict, Verdict::ok);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(check(std::string_view(whole).substr(0, size)).verdict, Verdict::invalid) << size;
  }
}

TEST(JsonCheck, NestingIsBounded) {
  const auto nested = [](std::size_t depth, const std::string& open, const std::string& close) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += open;
    text += "1";
    for (std::size_t i = 0; i < depth; ++i) text += close;
    return text;
  };
  EXPECT_EQ(check(nested(64, "[", "]")).verdict, Verdict::ok);
  EXPECT_EQ(check(nested(65, "[", "]")).verdict, Verdict::too_deep);
  EXPECT_EQ(check(nested(64, "{\"a\":", "}")).verdict, Verdict::ok);
  EXPECT_EQ(check(nested(100'000, "{\"a\":[", "]}")).verdict, Verdict::too_deep);
  EXPECT_EQ(check(nested(100'000, "[", "}")).verdict, Verdict::invalid);
  EXPECT_EQ(check(std::string(1'000'000, '[')).verdict, Verdict::invalid);
}

TEST(JsonCheck, NumbersThatPostgresqlCannotHold) {
  EXPECT_EQ(check("1e131071").verdict, Verdict::ok);
  EXPECT_EQ(check("1e131072").verdict, Verdict::out_of_range);
  EXPECT_EQ(check("1e-16383").verdict, Verdict::ok);
  EXPECT_EQ(check("1e-16384").verdict, Verdict::out_of_range);
  EXPECT_EQ(check("[1e99999999999999999999999]").verdict, Verdict::out_of_range);
  EXPECT_EQ(check("{\"a\":-1.5E-99999999999}").verdict, Verdict::out_of_range);
  EXPECT_EQ(check("1e99999x").verdict, Verdict::invalid);
}

TEST(JsonCheck, SaysWhetherThereIsAnEscape) {
  EXPECT_FALSE(check(R"({"a":"b"})").has_escape);
  EXPECT_TRUE(check(R"({"a":"\u0000"})").has_escape);
  EXPECT_TRUE(check(R"({"\n":1})").has_escape);
}

TEST(JsonClean, ReplacesNulAndLoneSurrogatesOnly) {
  EXPECT_EQ(cleaned(R"({"a":"x\u0000y"})"), R"({"a":"x\ufffdy"})");
  EXPECT_EQ(cleaned(R"("\ud800")"), R"("\ufffd")");
  EXPECT_EQ(cleaned(R"("\uDC00x")"), R"("\ufffdx")");
  EXPECT_EQ(cleaned(R"("\ud83d\ude00")"), R"("\ud83d\ude00")");
  EXPECT_EQ(cleaned(R"("\ud83d\ud83d\ude00")"), R"("\ufffd\ud83d\ude00")");
  EXPECT_EQ(cleaned(R"("\ud83dx\ude00")"), R"("\ufffdx\ufffd")");
  EXPECT_EQ(cleaned(R"("\ud83d\n")"), R"("\ufffd\n")");
  EXPECT_EQ(cleaned(R"("\ud83d\u0000")"), R"("\ufffd\ufffd")");
  EXPECT_EQ(cleaned(R"("\\u0000")"), R"("\\u0000")");    // a backslash, then text
  EXPECT_EQ(cleaned(R"("\\\u0000")"), R"("\\\ufffd")");  // a backslash, then NUL
  EXPECT_EQ(cleaned(R"("\u0001\u00e9\"")"), R"("\u0001\u00e9\"")");
  EXPECT_EQ(cleaned(R"({"\u0000":1})"), R"({"\ufffd":1})");
}

TEST(JsonDecode, EscapesBecomeText) {
  EXPECT_EQ(decoded("plain"), "plain");
  EXPECT_EQ(decoded(R"(\"\\\/\b\f\n\r\t)"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(decoded(R"(\u0041\u00e9\u20ac)"), "A\xC3\xA9\xE2\x82\xAC");
  EXPECT_EQ(decoded(R"(\ud83d\ude00)"), "\xF0\x9F\x98\x80");
  EXPECT_EQ(decoded(R"(\u0000)"), "\xEF\xBF\xBD");
  EXPECT_EQ(decoded(R"(a\ud800b)"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(decoded(R"(\udfff)"), "\xEF\xBF\xBD");
  EXPECT_EQ(decoded(R"(\ud83d\u0041)"),
            "\xEF\xBF\xBD"
            "A");
  for (const char* bad : {"\\", "a\\", "\\x", "\\u", "\\u12", "\\uZZZZ", "\\ud83d\\uZZ"}) {
    EXPECT_EQ(decoded(bad), "(refused)") << bad;
  }
}

TEST(JsonQuote, RoundTrips) {
  std::string quoted;
  append_quoted("a\"b\\c\n\x01\xC3\xA9", quoted);
  EXPECT_EQ(quoted, "\"a\\\"b\\\\c\\u000a\\u0001\xC3\xA9\"");
  EXPECT_EQ(check(quoted).verdict, Verdict::ok);
  EXPECT_EQ(decoded(std::string_view(quoted).substr(1, quoted.size() - 2)), "a\"b\\c\n\x01\xC3\xA9");
}

TEST(JsonRepair, MakesBytesFit) {
  EXPECT_EQ(repaired("{\"a\":\"\xC3\xA9\"}"), "{\"a\":\"\xC3\xA9\"}");
  EXPECT_EQ(repaired("\"\xFF\""), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(repaired("\"\xC3\""), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(repaired("\"\xED\xA0\x80\""), "\"\xEF\xBF\xBD\"");          // a raw lone surrogate
  EXPECT_EQ(repaired("\"\xC0\xAF\""), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");  // overlong
  EXPECT_EQ(repaired("\"\xF4\x90\x80\x80\"").size(), 2U + 4 * 3);       // above U+10FFFF
  EXPECT_EQ(repaired(std::string_view("\"a\0b\"", 5)),
            "\"a\xEF\xBF\xBD"
            "b\"");
  EXPECT_EQ(repaired("\"a\x01\tb\"\t"), "\"a\\u0001\\u0009b\"\t");  // outside strings nothing is escaped
  EXPECT_EQ(repaired("\"\\\"\x01\""), "\"\\\"\\u0001\"");
  EXPECT_EQ(repaired("\"\\"), "\"\\");
}

TEST(JsonText, MutationsNeverCrash) {
  const std::string whole = R"({"a":[1,-2.5e3,"x\u00e9\ud83d\ude00\\"],"b":{"c":null,"d":true},"e":"\u0000"})";
  const unsigned seed = 20260901;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 50'000; ++round) {
    std::string text = whole;
    for (unsigned n = random() % 4 + 1; n > 0; --n) {
      const std::size_t place = random() % text.size();
      if (random() % 2 == 0) {
        text[place] = static_cast<char>(random());
      } else {
        text.erase(place, random() % 3);
      }
      if (text.empty()) text.push_back('x');
    }
    const Check result = check(text);
    std::string out;
    append_clean(text, out);
    if (result.verdict == Verdict::ok) {
      EXPECT_EQ(check(out).verdict, Verdict::ok) << text;
    }
    out.clear();
    append_decoded(text, out);
    repaired(text);
  }
}

}  // namespace
}  // namespace simsync::json
