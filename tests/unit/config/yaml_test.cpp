// What the reader refuses although YAML, or yaml-cpp, would take it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <vector>

#include "config/load_config.h"
#include "config/yaml_reader.h"
#include "tests/unit/config/fixture.h"

namespace simsync::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Case {
  std::string text;
  std::string where;
  std::string what;
};

std::string yaml_error(const std::string& text) {
  try {
    static_cast<void>(read_yaml(text, "c.yaml"));
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    EXPECT_THAT(yaml_error(c.text),
                AllOf(StartsWith("c.yaml:" + c.where + ": "), HasSubstr(c.what), Not(HasSubstr("\n"))))
        << c.text.substr(0, 200);
  }
}

TEST(Yaml, DuplicateKeys) {
  check({
      {"a: 1\nb: 2\na: 3\n", "3: a", "duplicate key; it stands in line 1 already"},
      {"a:\n  b: 1\n  b: 1\n", "3: a.b", "duplicate key"},
      {"a:\n  - x\n  - {b: 1,\n     'b': 2}\n", "4: a[1].b", "it stands in line 3"},
  });
  EXPECT_EQ(yaml_error("a: {x: 1}\nb: {x: 1}\n"), "");
}

TEST(Yaml, Syntax) {
  check({
      {"a: 1\nb: [1, 2\nc: 3\n", "3", "this is not valid YAML"},
      {"a: 1\nb: {x: 1\n", "2", "this is not valid YAML"},
      {"a: 1\n  b: 2\n", "2", "this is not valid YAML"},
      {"a: \"open\n\n", "1: a", "a quote is opened here, or soon after, and never closed"},
      {"a: 1\nb:\n  c: 'open\nd: 1\ne: 2\n \n", "3: b.c", "never closed"},
      {"a: 1\nb:\n  - \"open\nd: 1", "3: b[0]", "never closed"},
      {"'a: 1\nb: 2\n", "1", "a quote is opened here, or soon after, and never closed"},
      {"a: 1\nb: \"\\q\"\n", "2", "this is not valid YAML (unknown escape character)"},
      {"a: 1\nb: *none\n", "2", "this is not valid YAML (the referenced anchor is not defined)"},
      {"a: 1\n\tb: 2\n", "2", "a tab in the indentation; indent with spaces"},
      {"a:\n  \t- 2\n", "2", "a tab in the indentation"},
  });
  EXPECT_EQ(yaml_error("a:\t1 \t# tabs elsewhere\n\t# and before comments\n\t\n"), "");
}

TEST(Yaml, Bytes) {
  check({
      {"a: 1\nb: \xFF\n", "2", "a byte that is not UTF-8"},
      {"# \xC0\x80\n", "1", "a byte that is not UTF-8"},
      {"# \xED\xA0\x80\n", "1", "a byte that is not UTF-8"},
      {std::string("a: 1\nb: \0\n", 10), "2", "a control character"},
      {"a: 1\nb: \x1B[31m\n", "2", "a control character"},
      {"a: 1\rb: 2\n", "1", "a control character"},
      {std::string("\xFF\xFE\x61\0", 4), "1", "a byte that is not UTF-8"},
      {std::string(kLargestYaml + 1, '#'), "1", "larger than 1024 KiB"},
  });
  EXPECT_EQ(yaml_error("a: \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\n"), "");
  EXPECT_EQ(yaml_error(std::string(kLargestYaml, '#')), "");
}

TEST(Yaml, DocumentsTagsAndKeys) {
  check({
      {"a: 1\n---\nb: 2\n", "2", "a second YAML document begins"},
      {"a: 1\n...\n---\nb: 2\n", "3", "a second YAML document begins"},
      {"a: !!binary aGk=\n", "1", "a YAML tag"},
      {"a: 1\nb: !x {}\n", "2", "a YAML tag"},
      {"a: 1\n? [x]\n: 2\n", "2", "a key that is no plain word"},
      {"a: 1\n~: 2\n", "2", "a key that is no plain word"},
      {"a: 1\n'': 2\n", "2", "an empty key"},
      {"a: 1\n\"b\\n\": 2\n", "2", "a control character in a key"},
      {"a: 1\n\"b\\_\": 2\n", "2", "a control character in a key"},
      {"a: &x y\n*x : 2\n", "2", "an alias as a key"},
      {"a: &x [*x]\n", "1", "an alias inside its own anchor"},
      {"&x a: 1\n", "1", "an anchor on a key"},
  });
  EXPECT_EQ(yaml_error("%YAML 1.2\n---\na: 1\n...\n"), "");
}

TEST(Yaml, BombsAreSmall) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string number = std::to_string(i);
    const std::string alias = std::string("*a") + std::to_string(i - 1);
    bomb.append("a").append(number).append(": &a").append(number).append(" [").append(alias);
    for (int j = 1; j < 10; ++j) bomb.append(", ").append(alias);
    bomb += "]\n";
  }
  check({
      {bomb, "5", "more than 100000 values, aliases counted"},
      {"a: " + std::string(40, '[') + "x" + std::string(40, ']') + "\n", "1", "nested more than 32 deep"},
      {"a: " + std::string(kLargestYaml - 10, '[') + "\n", "1", ""},
      {"a: " + std::string(kLargestYaml - 10, '{') + "\n", "1", ""},
  });
}

// yaml-cpp keeps the whole line as possible keys; so it is kLargestYaml that keeps the worst of these to a moment of
// the processor, or to many in a sanitizer's build. What grows faster never ends.
TEST(Yaml, LargeTextsEndSoon) {
  for (const std::string unit : {"[",   "{", "- ",   "? ",   "a: ", "\n- a", "a\n", "'",     "\"\\", "&a ",
                                 "*a ", "!", "| \n", "[a, ", "],",  "{a: ",  "a,",  "---\n", "%",    "\xC3\xA4"}) {
    std::string text;
    while (text.size() + unit.size() <= kLargestYaml) text += unit;
    const std::clock_t begun = std::clock();
    static_cast<void>(yaml_error(text));
    EXPECT_LT((std::clock() - begun) / CLOCKS_PER_SEC, 60) << unit;
  }
}

TEST(Yaml, LinesOfBlockScalarsAndAliases) {
  const auto root = read_yaml("a: &x\n  - >\n   text\n   more\n  - b\nc: *x\nd: |\n  e\n", "c.yaml");
  ASSERT_EQ(root->entries.size(), 3U);
  const auto& list = root->entries[0].value;
  ASSERT_EQ(list->items.size(), 2U);
  EXPECT_EQ(list->items[0]->text, "text more\n");
  EXPECT_EQ(list->items[1]->line, 5);
  EXPECT_EQ(root->entries[1].line, 6);
  EXPECT_EQ(root->entries[1].value, list);
  EXPECT_EQ(root->entries[2].line, 7);
  const auto empty = read_yaml("a:\n\n# comment\nb: &y\nc: *y\n", "c.yaml");
  EXPECT_EQ(empty->entries.at(0).value->line, 1);
  EXPECT_EQ(empty->entries.at(2).value->line, 4);
}

}  // namespace
}  // namespace simsync::test
