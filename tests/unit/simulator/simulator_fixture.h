// A simulator on a free port inside the test's own process, and the few lines that every test of it would repeat.
// Refuses to interpret answers: a test sees the status and the bytes.
#pragma once

#include <gtest/gtest.h>
#include <httplib.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/simulator/server.h"

namespace simsync::simulator {

using Json = nlohmann::json;

class SimulatorTest : public ::testing::Test {
 protected:
  SimulatorTest() {
    options_.projects = {{"gigs", "secret", 1000}, {"test", "other", 20}};
    options_.seed = 5;
  }

  void SetUp() override { boot(); }

  // With options_ as they are.
  void boot() {
    server_ = std::make_unique<Server>(options_);
    server_->start();
    client_ = std::make_unique<httplib::Client>(server_->url());
    client_->set_keep_alive(true);
    client_->set_url_encode(false);
    client_->set_tcp_nodelay(true);  // else a POST waits 40 ms for the delayed ACK of its headers
    use_token("secret");
  }

  void use_token(const std::string& token) {
    headers_ = {{"Authorization", "Bearer " + token}, {"Accept", "application/json"}};
  }

  httplib::Result get(const std::string& path) { return client_->Get(path, headers_); }
  Json get_json(const std::string& path) {
    const auto result = get(path);
    EXPECT_TRUE(result) << path << ": " << httplib::to_string(result.error());
    if (!result) return {};
    EXPECT_EQ(result->status, 200) << path << result->body;
    return Json::parse(result->body, nullptr, false);
  }

  Json list(const std::string& query = "") {
    return get_json("/projects/gigs/sims" + (query.empty() ? query : "?" + query));
  }

  // The status of an answer that must be an error of this type.
  int error(const httplib::Result& result, const std::string& type, const std::string& code = "") {
    if (!result) return -1;
    const Json body = Json::parse(result->body, nullptr, false);
    EXPECT_EQ(body.value("object", ""), "error") << result->body;
    EXPECT_EQ(body.value("type", ""), type) << result->body;
    EXPECT_EQ(body.value("code", ""), code) << result->body;
    EXPECT_FALSE(body.value("message", "").empty());
    return result->status;
  }

  std::string admin_get(const std::string& path) {
    const auto result = client_->Get("/_admin/" + path);
    EXPECT_TRUE(result && result->status == 200) << path;
    return result ? result->body : "";
  }

  std::string admin(const std::string& path, const Json& body = Json::object()) {
    const auto result = client_->Post("/_admin/" + path, body.dump(), "application/json");
    EXPECT_TRUE(result && result->status == 200) << path << " " << (result ? result->body : "no answer");
    return result ? result->body : "";
  }

  static std::vector<Json> lines(const std::string& ndjson) {
    std::vector<Json> out;
    std::istringstream in(ndjson);
    for (std::string line; std::getline(in, line);) out.push_back(Json::parse(line));
    return out;
  }

  std::vector<Json> truth(const std::string& project = "gigs") {
    return lines(admin_get("projects/" + project + "/truth"));
  }

  // The first SIM in the truth for which this holds.
  template <typename Suits>
  Json first_sim(Suits suits) {
    for (auto& sim : truth())
      if (suits(sim)) return sim;
    ADD_FAILURE() << "no such SIM in this world";
    return {};
  }
  std::string esim() {
    return first_sim([](const Json& sim) { return sim["type"] == "eSIM" && sim["provider"] == "p3"; })["id"];
  }
  std::string psim() {
    return first_sim([](const Json& sim) { return sim["type"] == "pSIM"; })["id"];
  }

  ServerOptions options_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<httplib::Client> client_;
  httplib::Headers headers_;
};

}  // namespace simsync::simulator
