#include "daemon/csv_reader.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

namespace simsync {
namespace {

// What is read of a file: "LINE:field|field" and "LINE!what is wrong".
class CsvReaderTest : public testing::Test {
 protected:
  CsvReaderTest() : path_(testing::TempDir() + "csv_reader_test." + std::to_string(getpid())) {}
  ~CsvReaderTest() override { std::filesystem::remove(path_); }

  void write(std::string_view content) { std::ofstream{path_, std::ios::binary} << content; }

  std::vector<std::string> read(std::string_view content, const CsvOptions& options = {}) {
    write(content);
    return read_file(path_, options);
  }

  std::vector<std::string> read_file(const std::string& path, const CsvOptions& options = {}) {
    CsvReader reader{path, options, {}};
    header_ = reader.header();
    delimiter_ = reader.delimiter();
    std::vector<std::string> told;
    reader.read(
        [&](const CsvRow& row) {
          std::string text = std::to_string(row.line);
          char separator = ':';
          for (const std::string_view field : row.fields) text.append(1, std::exchange(separator, '|')).append(field);
          told.push_back(text);
        },
        [&](const CsvFault& fault) { told.push_back(std::to_string(fault.line) + "!" + fault.why); });
    return told;
  }

  std::string refusal(std::string_view content, const CsvOptions& options = {}) {
    write(content);
    return refusal_of(path_, options);
  }

  std::string refusal_of(const std::string& path, const CsvOptions& options = {}) {
    try {
      read_file(path, options);
    } catch (const TextFileError& error) {
      return error.what();
    }
    return "none";
  }

  using Lines = std::vector<std::string>;
  std::string path_;
  std::vector<std::string> header_;
  char delimiter_ = '\0';
};

TEST_F(CsvReaderTest, BlanksInQuotesBelongToTheField) {
  const CsvOptions options{.header = CsvHeader::none, .delimiter = ','};
  EXPECT_EQ(read("  a ,\" b \", \"c\" \n", options), Lines{"1:a| b |c"});
}

TEST_F(CsvReaderTest, ReadsOneColumnOfText) {
  EXPECT_EQ(read("1234567\n\n  7654321  \r\n1111111"), (Lines{"1:1234567", "3:7654321", "4:1111111"}));
  EXPECT_TRUE(header_.empty());
  EXPECT_EQ(read("iccid\n1234567\n"), (Lines{"2:1234567"}));
  EXPECT_EQ(header_, Lines{"iccid"});
  EXPECT_EQ(read("1234567\r7654321\r\r1111111\r"), (Lines{"1:1234567", "2:7654321", "4:1111111"}));
  EXPECT_EQ(read(""), Lines{});
  EXPECT_EQ(read("\n \n\t\n"), Lines{});
  EXPECT_EQ(read("\xEF\xBB\xBFiccid\n1234567"), Lines{"2:1234567"});
  EXPECT_EQ(header_, Lines{"iccid"});
}

TEST_F(CsvReaderTest, FindsTheDelimiter) {
  EXPECT_EQ(read("a,b\n1,2\n"), Lines{"2:1|2"});
  EXPECT_EQ(delimiter_, ',');
  EXPECT_EQ(read("a;b;c\n1,5;2,5;3,5\n1;2;3\n"), (Lines{"2:1,5|2,5|3,5", "3:1|2|3"}));
  EXPECT_EQ(delimiter_, ';');
  EXPECT_EQ(read("a\tb\n1, 2\t3\n"), Lines{"2:1, 2|3"});
  EXPECT_EQ(delimiter_, '\t');
  EXPECT_EQ(read("\"a;b;c\",d\n\"1;2;3\",4\n"), Lines{"2:1;2;3|4"});
  EXPECT_EQ(read("a,b\n1,2\n", {.delimiter = ';'}), Lines{"2:1,2"});
  // A title above the table.
  EXPECT_EQ(read("Box 7, shelf 1\na;b;c\n1;2;3\n4;5;6\n"), (Lines{"2:a|b|c", "3:1|2|3", "4:4|5|6"}));
}

TEST_F(CsvReaderTest, FindsTheHeader) {
  EXPECT_EQ(read("ICCID,Box 12\n8988,x\n"), Lines{"2:8988|x"});
  EXPECT_EQ(header_, (Lines{"ICCID", "Box 12"}));
  EXPECT_EQ(read("89883O70,x\nb,c\n"), (Lines{"1:89883O70|x", "2:b|c"}));  // a damaged number is no header
  EXPECT_EQ(read("12,34\n"), Lines{"1:12|34"});
  EXPECT_EQ(read("\xD0\x9D\xD0\xBE\xD0\xBC\xD0\xB5\xD1\x80\n1234567\n"), Lines{"2:1234567"});
  EXPECT_EQ(read("a,b\n", {.header = CsvHeader::none}), Lines{"1:a|b"});
  EXPECT_EQ(read("12345678\n87654321\n", {.header = CsvHeader::required}), Lines{"2:87654321"});
  EXPECT_EQ(header_, Lines{"12345678"});
  EXPECT_THAT(refusal("\n", {.header = CsvHeader::required}), testing::HasSubstr(" is empty; its first line shall"));
  EXPECT_THAT(refusal("a\"b\n", {.header = CsvHeader::required}),
              testing::HasSubstr(", line 1, which shall name the columns: has a quote in the middle of a field"));
}

TEST_F(CsvReaderTest, KnowsItsColumnsByName) {
  write("SIM,iccid, Box ,ICCID\n");
  const CsvReader reader{path_, {}, {}};
  EXPECT_EQ(reader.column("sim"), 0U);
  EXPECT_EQ(reader.column("ICCID"), 1U);
  EXPECT_EQ(reader.column("box"), 2U);
  EXPECT_EQ(reader.column("other"), std::nullopt);
}

TEST_F(CsvReaderTest, ReadsQuotedFields) {
  EXPECT_EQ(read("a,b\n\"1,2\",\"say \"\"x\"\"\"\r\n\"one\r\ntwo\",3\n4,5\n\"6\",\" 7 \"\n"),
            (Lines{"2:1,2|say \"x\"", "3:one\ntwo|3", "5:4|5", "6:6| 7 "}));
  EXPECT_EQ(read("a,b\n,\n1,\n,2\n,,,\n"), (Lines{"3:1|", "4:|2"}));
}

TEST_F(CsvReaderTest, ABadRowDoesNotStopTheOthers) {
  EXPECT_EQ(
      read("a\n1\n2\"2\n3\n\"4\"4\n5\n"),
      (Lines{"2:1",
             "3!has a quote in the middle of a field; a field with quotes stands in quotes, and each of its own is "
             "doubled",
             "4:3",
             "5!has a quote in the middle of a field; a field with quotes stands in quotes, and each of its own is "
             "doubled",
             "6:5"}));
  EXPECT_EQ(read("a\n1\n\"2\n3\n4\n"),
            (Lines{"2:1", "3!the quote that begins in this row is never closed", "4:3", "5:4"}));
  // The second quote closes the first one, and what follows does not fit.
  EXPECT_EQ(read("a\n\"1\n2\n\"3\n4\n").front().substr(0, 12), "2!has a quot");
  EXPECT_EQ(read("1\"1\n2\n").at(1), "2:2");
}

TEST_F(CsvReaderTest, QuotesWithinAFieldMayBeText) {
  const CsvOptions stray{.stray_quotes = true};
  EXPECT_EQ(read("a\n=\"1\"\n2\"\n\"3\"\n\"4\n5\"\n", stray), (Lines{"2:=\"1\"", "3:2\"", "4:3", "5:4\n5"}));
  // A quote that is not closed costs its line, and none of those after it.
  EXPECT_EQ(
      read("\"1234567\"\n\"2345678\n\"3456789\"\n\"4567890\"\n", stray),
      (Lines{"1:1234567",
             "2!has a quote in the middle of a field; a field with quotes stands in quotes, and each of its own is "
             "doubled",
             "3:3456789", "4:4567890"}));
  EXPECT_EQ(read("a,b\n2\"x,\"3\n4,5\n", stray).front(),
            "2!has a quote in the middle of a field; a field with quotes "
            "stands in quotes, and each of its own is doubled");
  EXPECT_EQ(read("a,b\n2\"x,\"3\n4,5\n", stray).back(), "3:4|5");
}

TEST_F(CsvReaderTest, MemoryIsBounded) {
  const CsvOptions small{.longest_row = 1024, .most_fields = 5};
  EXPECT_EQ(read("a\n" + std::string(3000000, 'x') + "\n2\n", small), (Lines{"2!is longer than 1 KiB", "3:2"}));
  EXPECT_EQ(read("a\n" + std::string(1024, 'x') + "\n", small).front().size(), 1026U);
  std::string open = "a\n\"";
  Lines expected{"2!the quote that begins in this row is not closed within 1 KiB"};
  for (int i = 3; i < 2000; ++i) {
    open += "\n" + std::to_string(i);
    expected.push_back(std::to_string(i) + ":" + std::to_string(i));
  }
  EXPECT_EQ(read(open, small), expected);
  EXPECT_EQ(read("a\n1,2,3,4,5\n1,2,3,4,5,6\n", small), (Lines{"2:1|2|3|4|5", "3!has more than 5 fields"}));
}

TEST_F(CsvReaderTest, MayInsistOnUtf8) {
  EXPECT_EQ(read("a\n\xFC\n"), Lines{"2:\xFC"});
  EXPECT_EQ(read("a\n\xFC\n2\n", {.only_utf8 = true}), (Lines{"2!is not UTF-8: save the file as CSV in UTF-8", "3:2"}));
}

TEST_F(CsvReaderTest, WhatIsNoTextIsRefused) {
  EXPECT_THAT(refusal(std::string{"PK\x03\x04\x00\x00", 6}), testing::HasSubstr("is a spreadsheet or an archive"));
  EXPECT_THAT(refusal(std::string{"\xFF\xFE"
                                  "8\x00\n\x00",
                                  6}),
              testing::HasSubstr("UTF-16: save it"));
  EXPECT_THAT(refusal("\x1F\x8B\x08"), testing::HasSubstr("is compressed"));
  EXPECT_THAT(refusal("%PDF-1.4"), testing::HasSubstr("is a PDF"));
  EXPECT_THAT(refusal(std::string{"8\x00", 2}), testing::HasSubstr("is not text (it holds a NUL)"));
  std::string late(600000, '\n');
  late.back() = '\0';
  EXPECT_THAT(refusal(late), testing::HasSubstr("is not text (it holds a NUL)"));
  EXPECT_EQ(refusal_of("/nowhere/file"), "\"/nowhere/file\" cannot be opened: No such file or directory");
  EXPECT_EQ(refusal_of("/tmp"), "\"/tmp\" is a directory: name a file, or - for standard input");
  EXPECT_EQ(refusal_of("/proc/self/mem"), "\"/proc/self/mem\" cannot be read: Input/output error");
}

TEST_F(CsvReaderTest, APipeMayComeInPieces) {
  const std::string content = "\xEF\xBB\xBFiccid\r\n1234567\r\n\"76\r\n54\"\r\n";
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::jthread writer{[&] {
    for (const char c : content) {
      EXPECT_EQ(::write(ends[1], &c, 1), 1);
      std::this_thread::yield();
    }
    close(ends[1]);
  }};
  EXPECT_EQ(read_file("/dev/fd/" + std::to_string(ends[0])), (Lines{"2:1234567", "3:76\n54"}));
  close(ends[0]);
}

TEST_F(CsvReaderTest, StopEndsTheWait) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::stop_source stop;
  ASSERT_EQ(::write(ends[1], "12345678\n", 9), 9);
  const std::jthread stopper{[&] { stop.request_stop(); }};
  CsvReader reader{"/dev/fd/" + std::to_string(ends[0]), {}, stop.get_token()};
  reader.read([](const CsvRow&) {}, [](const CsvFault&) { ADD_FAILURE(); });
  close(ends[0]);
  close(ends[1]);
}

TEST_F(CsvReaderTest, StopsWhereNobodyWritesToANamedPipe) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  std::stop_source stop;
  stop.request_stop();
  std::atomic<bool> done = false;
  std::atomic<bool> rescued = false;
  const std::jthread rescuer{[&] {
    for (int i = 0; i < 500 && !done; ++i) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    rescued = !done;
    if (rescued) close(open(path_.c_str(), O_RDWR));
  }};
  CsvReader reader{path_, {}, stop.get_token()};
  done = true;
  EXPECT_FALSE(rescued) << "it waited for a writer";
}

TEST_F(CsvReaderTest, ReadsANamedPipeWhoseWriterComesLater) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const std::jthread writer{[&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    const int end = open(path_.c_str(), O_WRONLY);
    for (const std::string_view part : {"a,b\n1,", "2\n3,4"}) {
      EXPECT_GT(::write(end, part.data(), part.size()), 0);
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    close(end);
  }};
  EXPECT_EQ(read_file(path_, {.header = CsvHeader::required}), (Lines{"2:1|2", "3:3|4"}));
}

TEST_F(CsvReaderTest, EveryWellFormedFileComesBack) {
  std::mt19937 random{3};
  for (int round = 0; round < 50; ++round) {
    std::string content;
    Lines expected;
    std::size_t line = 1;
    const std::size_t columns = 1 + random() % 4;
    for (std::size_t row = 0; row < 30; ++row) {
      std::string told = std::to_string(line);
      for (std::size_t column = 0; column < columns; ++column) {
        std::string field(1, 'x');
        while (random() % 4 != 0) field += "a\",;\n "[random() % 6];
        told.append(1, column == 0 ? ':' : '|').append(field);
        line += static_cast<std::size_t>(std::ranges::count(field, '\n'));
        content += column == 0 ? "\"" : ",\"";
        for (const char c : field) content += c == '"' ? std::string{"\"\""} : std::string{c};
        content += '"';
      }
      content += random() % 2 == 0 ? "\n" : "\r\n";
      ++line;
      expected.push_back(told);
    }
    ASSERT_EQ(read(content, {.header = CsvHeader::none, .delimiter = ','}), expected) << content;
  }
}

TEST_F(CsvReaderTest, AnyBytesEnd) {
  std::mt19937 random{4};
  for (int round = 0; round < 100; ++round) {
    std::string content(random() % 300, ' ');
    for (char& c : content) c = "\"\",;\r\nab1\xC3"[random() % 10];
    std::size_t last = 0;
    for (const std::string& told : read(content, {.longest_row = 64})) {
      const std::size_t line = std::stoul(told);
      EXPECT_GT(line, last) << content;
      last = line;
    }
  }
}

}  // namespace
}  // namespace simsync
