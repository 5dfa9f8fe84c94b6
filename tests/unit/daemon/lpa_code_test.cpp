#include "daemon/lpa_code.h"

#include <gtest/gtest.h>

namespace simsync {
namespace {

TEST(LpaCodeTest, ComesApart) {
  const auto parts = parts_of_lpa("LPA:1$smdp.gigs.com$2M-3L0MX-F8HE2");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->address, "smdp.gigs.com");
  EXPECT_EQ(parts->matching_id, "2M-3L0MX-F8HE2");
  EXPECT_FALSE(parts->confirmation_code);
  EXPECT_TRUE(parts_of_lpa("LPA:1$smdp.example$A$$1")->confirmation_code);
  EXPECT_TRUE(parts_of_lpa("LPA:1$smdp.example$A$1.3.6.1.4.1$1")->confirmation_code);
  EXPECT_FALSE(parts_of_lpa("LPA:1$smdp.example$A$1.3.6.1.4.1")->confirmation_code);
  EXPECT_EQ(parts_of_lpa("LPA:1$smdp.example$")->matching_id, "");
}

TEST(LpaCodeTest, OthersStayWhole) {
  for (const char* text : {"", "LPA:1$", "LPA:1$a", "LPA:1$$b", "LPA:2$a$b", "lpa:1$a$b", "1$a$b", "LPA:1$a$b$c$1$d",
                           "https://example.com"}) {
    EXPECT_FALSE(parts_of_lpa(text)) << text;
  }
}

}  // namespace
}  // namespace simsync
