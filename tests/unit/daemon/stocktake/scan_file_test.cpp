#include "daemon/stocktake/scan_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

namespace simsync {
namespace {

using Lines = std::vector<std::string>;
using testing::HasSubstr;

class ScanFileTest : public testing::Test {
 protected:
  ScanFileTest() : path_(testing::TempDir() + "scan_file_test." + std::to_string(getpid())) {}
  ~ScanFileTest() override { std::filesystem::remove(path_); }

  // "LINE:what is in the column" and "LINE!what is wrong".
  Lines read(const std::string& content, const std::string& column = {}) {
    std::ofstream{path_, std::ios::binary} << content;
    Lines told;
    ScanFile file{path_, column, {}};
    file.read([&](std::uint64_t line,
                  std::string_view text) { told.push_back(std::to_string(line) + ':' + std::string{text}); },
              [&](std::uint64_t line, std::string_view why) {
                told.push_back(std::to_string(line) + '!' + std::string{why});
              });
    doubtful_header_ = file.doubtful_header();
    return told;
  }

  std::string refusal(const std::string& content, const std::string& column = {}) {
    try {
      read(content, column);
    } catch (const TextFileError& error) {
      return error.what();
    }
    return "none";
  }

  std::string path_;
  std::string doubtful_header_;
};

TEST_F(ScanFileTest, OneColumnIsTheColumn) {
  EXPECT_EQ(read("8901260862291477114\nx\n"), (Lines{"1:8901260862291477114", "2:x"}));
  EXPECT_EQ(read("scanned on Monday\n8901260862291477114\n"), Lines{"2:8901260862291477114"});
  EXPECT_EQ(doubtful_header_, "scanned on Monday");
  EXPECT_EQ(read("12345678\nx\n"), (Lines{"1:12345678", "2:x"}));
  EXPECT_EQ(read(""), Lines{});
}

TEST_F(ScanFileTest, TheHeaderSaysWhereTheyAre) {
  EXPECT_EQ(read("sim_id,old iccid,ICCID\nsim_1,8901260862291477114,x\n"), Lines{"2:x"});
  EXPECT_EQ(read("box;SIM-ICCID (19)\n1;x\n"), Lines{"2:x"});
  EXPECT_EQ(doubtful_header_, "");
  EXPECT_EQ(read("box\tIccId\n1\tx\n"), Lines{"2:x"});
}

TEST_F(ScanFileTest, ElseTheRowsDo) {
  EXPECT_EQ(read("sim,card\nsim_1,8901260862291477114\nsim_2,\nsim_3,8901260862291477114F\n"),
            (Lines{"2:8901260862291477114", "3:", "4:8901260862291477114F"}));
  EXPECT_EQ(read("1;8901260862291477114\n2;8901260862291477115\n"),
            (Lines{"1:8901260862291477114", "2:8901260862291477115"}));
  // Far more than those that are looked at.
  std::string content = "a,b\n";
  for (int i = 0; i < 1000; ++i) content += "x,8901260862291477114\n";
  EXPECT_EQ(read(content).size(), 1000U);
  EXPECT_EQ(read(content).back(), "1001:8901260862291477114");
}

TEST_F(ScanFileTest, OrItIsNamed) {
  const std::string content = "box,a,b\n7,8901260862291477114,8901260862291477115\n";
  EXPECT_EQ(read(content, "B"), Lines{"2:8901260862291477115"});
  EXPECT_EQ(read(content, "2"), Lines{"2:8901260862291477114"});
  EXPECT_EQ(read("7,8901260862291477114\n", "2"), Lines{"1:8901260862291477114"});
  EXPECT_THAT(refusal(content, "c"), HasSubstr("has no column \"c\"; it has \"box\", \"a\", \"b\""));
  EXPECT_THAT(refusal(content, "0"), HasSubstr("has no column \"0\""));
  EXPECT_THAT(refusal("7,8901260862291477114\n", "iccid"), HasSubstr("has no header, so no column \"iccid\"; name"));
}

TEST_F(ScanFileTest, WhereNoneHasThemThatIsSaid) {
  EXPECT_THAT(refusal("a,b\n1,2\n"),
              HasSubstr("has ICCIDs in its first rows; name it with --column: it has \"a\", \"b\""));
  EXPECT_THAT(refusal("12345,67890\n"), HasSubstr("has ICCIDs in its first rows; name it with --column"));
}

TEST_F(ScanFileTest, DamagedRowsAreToldOneByOne) {
  EXPECT_EQ(read("box,iccid\n1,8901260862291477114\n2\n3,=\"8901260862291477115\"\n4,\"8901\n5,8901260862291477116\n"),
            (Lines{"2:8901260862291477114", "3!has no column 2", "4:=\"8901260862291477115\"",
                   "5!the quote that begins in this row is never closed", "6:8901260862291477116"}));
}

}  // namespace
}  // namespace simsync
