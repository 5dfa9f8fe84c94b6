// Promise 1: after a complete walk the mirror equals the API's list, whatever is on it and however it is reached.
#include <gtest/gtest.h>

#include "tests/support/certificate.h"
#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;

TEST(FirstSync, MirrorEqualsTheTruth) {
  Scene scene{{.projects = {{.sims = 700}}}};
  const std::vector<Json> sims = scene.simulator.truth();
  scene.simulator.set(sims[3].at("id"), {{"extra", {{"carrier", "Ü-Net"}, {"slots", {1, 2.5, nullptr}}}}});
  scene.simulator.set(sims[250].at("id"), {{"metadata", {{"größe", "株式会社 📱"}, {"n", 1.50}, {"o", {{"a", true}}}}}});
  scene.simulator.set(sims[699].at("id"), {{"status", "suspended"}, {"type", "iSIM"}, {"provider", "p99"}});
  scene.sync_well();
  scene.expect_equal();
  scene.expect_true_history();
  // The world held what the promise names; else this test would prove less than it says.
  EXPECT_GT(scene.count("sim", "status = 'retired'"), 0);
  EXPECT_GT(scene.count("sim", "metadata::text ~ '[^ -~]'"), 0);
  EXPECT_GT(scene.database.number("SELECT count(*) - count(DISTINCT created_at) FROM simsync.sim"), 0);
  EXPECT_GT(scene.count("sim", "type = 'pSIM'"), 0);
  EXPECT_EQ(scene.count("inventory"), 700);
  EXPECT_EQ(scene.count("sim_change"), 0) << "a first sync is inventory, not news";
  EXPECT_EQ(scene.last_walk("outcome"), "complete");
  EXPECT_EQ(scene.last_walk("sims"), "700");
}

TEST(FirstSync, EmptyAndTinyProjects) {
  for (const unsigned sims : {0U, 1U, 200U, 201U}) {
    Scene scene{{.projects = {{.sims = sims}}}};
    scene.sync_well();
    scene.expect_equal();
    EXPECT_EQ(scene.count("sim"), sims);
  }
}

TEST(FirstSync, SeveralProjectsSideBySide) {
  Scene scene{
      {.projects = {{.id = "acme", .token = "tok-a", .sims = 230}, {.id = "beta", .token = "tok-b", .sims = 40}}}};
  const Outcome one = scene.sync({"--project", "beta"});
  ASSERT_EQ(one.status, 0) << one.err;
  EXPECT_EQ(scene.count("sim", "project = 'acme'"), 0);
  EXPECT_EQ(scene.count("sim", "project = 'beta'"), 40);
  scene.sync_well();
  for (const std::string project : {"acme", "beta"}) {
    const World world{scene.simulator, project};
    const Differences found = mirror_differences(world, scene.database);
    EXPECT_TRUE(found.empty()) << project << ": " << listed(found);
  }
}

// What goes wrong in one project is not the others' business.
TEST(FirstSync, OneProjectWithAWrongTokenDoesNotStopTheOther) {
  Scene scene{
      {.projects = {{.id = "acme", .token = "tok-a", .sims = 30}, {.id = "beta", .token = "tok-b", .sims = 40}}},
      [](Settings& settings) { settings.projects[0].token = "tok-wrong"; }};
  const Outcome outcome = scene.sync();
  EXPECT_EQ(outcome.status, 3) << outcome.err;
  const Differences found = mirror_differences(World{scene.simulator, "beta"}, scene.database);
  EXPECT_TRUE(found.empty()) << listed(found);
}

class OverTls : public testing::Test {
 protected:
  TempDir directory_;
  Certificate certificate_ = make_certificate(directory_);
};

TEST_F(OverTls, MirrorEqualsTheTruth) {
  Scene scene{{.projects = {{.sims = 250}}, .tls_certificate = certificate_.file, .tls_key = certificate_.key},
              [&](Settings& settings) { settings.ca_file = certificate_.file; }};
  scene.sync_well();
  scene.expect_equal();
}

TEST_F(OverTls, UnknownAuthorityIsRefused) {
  Scene scene{{.projects = {{.sims = 20}}, .tls_certificate = certificate_.file, .tls_key = certificate_.key}};
  const Outcome outcome = scene.sync();
  EXPECT_EQ(outcome.status, 3) << outcome.err;
  EXPECT_EQ(scene.count("sim"), 0);
  EXPECT_EQ(scene.simulator.requests("list"), 0U) << "the token went to a server that nobody vouched for";
}

TEST_F(OverTls, CertificateOfAnotherHostIsRefused) {
  const Certificate other = make_certificate(directory_, "DNS:elsewhere.invalid");
  Scene scene{{.projects = {{.sims = 20}}, .tls_certificate = other.file, .tls_key = other.key},
              [&](Settings& settings) { settings.ca_file = other.file; }};
  const Outcome outcome = scene.sync();
  EXPECT_EQ(outcome.status, 3) << outcome.err;
  EXPECT_EQ(scene.simulator.requests("list"), 0U);
}

}  // namespace
}  // namespace simsync::test
