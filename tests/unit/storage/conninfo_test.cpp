#include "storage/conninfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/storage_error.h"

namespace simsync {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Conninfo, AddsDefaultsAndKeepsWhatTheOperatorSaid) {
  const Conninfo info = complete_conninfo("postgresql://me:s3cret@db.example:6000/sims?connect_timeout=9");
  EXPECT_THAT(info.text, HasSubstr("connect_timeout='9'"));
  EXPECT_THAT(info.text, HasSubstr("application_name='simsyncd'"));
  EXPECT_THAT(info.text, HasSubstr("client_encoding='UTF8'"));
  EXPECT_THAT(info.text, HasSubstr("password='s3cret'"));
  EXPECT_EQ(info.label, "database sims at db.example:6000");
}

TEST(Conninfo, QuotesValues) {
  const Conninfo info = complete_conninfo(R"(host=/tmp dbname='it\'s' password='a\\b')");
  EXPECT_THAT(info.text, HasSubstr(R"(dbname='it\'s')"));
  EXPECT_THAT(info.text, HasSubstr(R"(password='a\\b')"));
}

TEST(Conninfo, NeverRepeatsAnUnreadableUrl) {
  try {
    complete_conninfo("host=db password=s3cret oops");
    FAIL() << "accepted";
  } catch (const StorageError& error) {
    EXPECT_THAT(error.what(), Not(HasSubstr("s3cret")));
    EXPECT_THAT(error.what(), HasSubstr("database.url"));
  }
}

}  // namespace
}  // namespace simsync
