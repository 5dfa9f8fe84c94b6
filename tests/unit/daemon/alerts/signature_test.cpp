// Signatures as the Standard Webhooks specification has them.
#include "daemon/alerts/signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "daemon/alerts/base64.h"

namespace simsync {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

std::string sign_with(const std::vector<std::string>& secrets) {
  std::vector<Secret> list;
  for (const std::string& secret : secrets) list.emplace_back(secret);
  return WebhookSigner{list}.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})");
}

TEST(WebhookSigner, SignsAsTheSpecificationDoes) {
  EXPECT_EQ(sign_with({kSecret}), kSignature);
  EXPECT_EQ(sign_with({"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}), kSignature) << "the prefix may be missing";
}

TEST(WebhookSigner, SignsWithEachSecretInItsOrder) {
  const std::string other = sign_with({"whsec_c2Vjb25kIHNlY3JldA=="});
  EXPECT_NE(other, kSignature);
  EXPECT_EQ(sign_with({kSecret, "whsec_c2Vjb25kIHNlY3JldA=="}), kSignature + (" " + other));
  EXPECT_EQ(sign_with({"whsec_c2Vjb25kIHNlY3JldA", kSecret}), other + " " + kSignature);
}

TEST(WebhookSigner, SignsIdTimeAndBody) {
  const WebhookSigner signer{{Secret{kSecret}}};
  const std::string signature = signer.sign("id", 1, "body");
  EXPECT_EQ(signer.sign("id", 1, "body"), signature);
  EXPECT_NE(signer.sign("ie", 1, "body"), signature);
  EXPECT_NE(signer.sign("id", 2, "body"), signature);
  EXPECT_NE(signer.sign("id", 1, "bodz"), signature);
}

TEST(WebhookSigner, SignsNothingWithoutASecret) {
  EXPECT_EQ(sign_with({}), "");
}

TEST(WebhookSigner, SaysWhichSecretIsNoneButNotTheSecret) {
  for (const char* bad : {"", "whsec_", "whsec_not/base64!", "whsec_AAAAA", "Whsec_c2Vjb25k", "whsec_ c2Vj"}) {
    try {
      sign_with({kSecret, bad});
      FAIL() << bad;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), HasSubstr("webhook secret 2 "));
      EXPECT_THAT(error.what(), Not(HasSubstr("base64!")));
      EXPECT_THAT(error.what(), Not(HasSubstr("AAAA")));
    }
  }
}

TEST(Base64, IsThatOfTheRfcBothWays) {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"},
                                                                    {std::string("\0\xFF\0", 3), "AP8A"},
                                                                    {"\xFB\xFF", "+/8="}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
    EXPECT_EQ(from_base64(text.substr(0, text.find('='))), bytes) << "padding may be missing";
  }
}

TEST(Base64, TakesNothingElse) {
  for (const char* bad : {"Z", "Zm9vY", "Zm9v Zm9v", " Zm9v", "Zm9v\n", "Zm9-", "Zm=9v", "Zm9v\xC3"}) {
    EXPECT_EQ(from_base64(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace simsync
