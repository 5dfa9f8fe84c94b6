#include "storage/conninfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "storage/storage_error.h"
#include "tests/unit/storage/failure_of.h"

namespace simsync {
namespace {

using testing::ElementsAre;
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

TEST(Conninfo, SeveralHostsAreApart) {
  const Conninfo info = complete_conninfo("postgresql://me:s3,cret@a:1,b,c:3/sims?target_session_attrs=read-write");
  EXPECT_TRUE(info.writable);
  const std::vector<std::string> each = one_host_each(info.text);
  ASSERT_EQ(each.size(), 3U);
  EXPECT_THAT(each[0], HasSubstr("host='a' port='1'"));
  EXPECT_THAT(each[1], HasSubstr("host='b' port=''"));
  EXPECT_THAT(each[2], HasSubstr("host='c' port='3'"));
  EXPECT_THAT(each[2], HasSubstr("password='s3,cret'"));
  for (const std::string& text : each) EXPECT_THAT(text, HasSubstr("target_session_attrs='any'"));
  EXPECT_THAT(one_host_each("host=a,b port=7")[1], HasSubstr("host='b' port='7'"));
  EXPECT_THAT(one_host_each("hostaddr=1.2.3.4,5.6.7.8 host=a,b")[1], HasSubstr("host='b' hostaddr='5.6.7.8'"));
}

TEST(Conninfo, WhereThereIsNoListOrLibpqChoosesItIsAsItWas) {
  const std::string one = R"(host=/tmp dbname='it\'s' port=1)";
  EXPECT_FALSE(complete_conninfo(one).writable);
  EXPECT_THAT(one_host_each(one), ElementsAre(one));
  EXPECT_THAT(one_host_each("dbname=a,b"), ElementsAre("dbname=a,b"));
  const std::string preferred = "host=a,b target_session_attrs=prefer-standby";
  EXPECT_THAT(one_host_each(preferred), ElementsAre(preferred));
}

// Only libpq can do that; whether it takes writes a session asks its server itself.
TEST(Conninfo, AnythingElseThanAServerThatTakesWritesIsLeftToLibpq) {
  EXPECT_THAT(complete_conninfo("host=a target_session_attrs=standby").text,
              HasSubstr("target_session_attrs='standby'"));
  setenv("PGTARGETSESSIONATTRS", "primary", 1);
  const Conninfo info = complete_conninfo("host=a,b");
  unsetenv("PGTARGETSESSIONATTRS");
  EXPECT_TRUE(info.writable);
  EXPECT_THAT(info.text, HasSubstr("target_session_attrs='any'"));
}

TEST(Conninfo, SaysWhenAnybodyOnTheWayCouldRead) {
  const auto may_be_plain = [](const std::string& url) { return complete_conninfo(url).may_be_plain; };
  EXPECT_TRUE(may_be_plain("postgresql://db.example/sims"));
  EXPECT_TRUE(may_be_plain("postgresql://db.example/sims?sslmode=prefer"));
  EXPECT_TRUE(may_be_plain("postgresql://127.0.0.1,db.example/sims"));
  EXPECT_TRUE(may_be_plain("host=localhost hostaddr=192.0.2.1"));
  for (const char* mode : {"require", "verify-ca", "verify-full"}) {
    EXPECT_FALSE(may_be_plain(std::string{"postgresql://db.example/sims?sslmode="} + mode));
  }
  EXPECT_FALSE(may_be_plain("postgresql:///sims"));
  EXPECT_FALSE(may_be_plain("host=/run/postgresql"));
  EXPECT_FALSE(may_be_plain("postgresql://127.0.0.1,[::1],localhost/sims"));
  setenv("PGSSLMODE", "verify-full", 1);
  EXPECT_FALSE(may_be_plain("postgresql://db.example/sims"));
  unsetenv("PGSSLMODE");
}

TEST(Conninfo, WhereNobodyAnswersNothingIsSaidOfTheEncryption) {
  EXPECT_EQ(failure_of([] { encryption_of("host=127.0.0.1 port=1 connect_timeout=2", "here"); }),
            StorageFailure::unreachable);
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
