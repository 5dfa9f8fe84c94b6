// What is kept in tests/fuzz/corpus, through the targets that libFuzzer runs: seeds, and whatever it once found.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "config/log.h"
#include "tests/fuzz/targets.h"

namespace simsync::fuzz {
namespace {

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void run_corpus(const std::string& target, void (*function)(std::string_view)) {
  log::configure({LogLevel::error, LogFormat::text});
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path{SIMSYNC_CORPUS} / target))
    files.push_back(entry.path());
  ASSERT_FALSE(files.empty());
  std::ranges::sort(files);
  for (const std::filesystem::path& file : files) {
    EXPECT_NO_THROW(function(bytes_of(file))) << "tests/fuzz/corpus/" << target << '/' << file.filename().string();
  }
}

TEST(Corpus, address) {
  run_corpus("address", address);
}
TEST(Corpus, answer) {
  run_corpus("answer", answer);
}
TEST(Corpus, config) {
  run_corpus("config", config);
}
TEST(Corpus, csv) {
  run_corpus("csv", csv);
}
TEST(Corpus, http) {
  run_corpus("http", http);
}
TEST(Corpus, iccid) {
  run_corpus("iccid", iccid);
}
TEST(Corpus, json) {
  run_corpus("json", json);
}
TEST(Corpus, logline) {
  run_corpus("logline", logline);
}
TEST(Corpus, page) {
  run_corpus("page", page);
}
TEST(Corpus, request) {
  run_corpus("request", request);
}
TEST(Corpus, times) {
  run_corpus("times", times);
}
TEST(Corpus, words) {
  run_corpus("words", words);
}

}  // namespace
}  // namespace simsync::fuzz
