// What the tests of the HTTP client share: a client for a scripted server, and errors as values.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "sample_answers.h"
#include "scripted_server.h"
#include "sync/api/http_sim_api.h"

namespace simsync {

using namespace std::chrono_literals;

inline const std::string kToken = "tok_very-secret";

inline ApiConfig config_for(const std::string& url) {
  ApiConfig api;
  api.base_url = url;
  api.timeout = 5s;
  api.connections = 4;
  api.requests_per_second = 0;
  return api;
}

inline std::unique_ptr<SimApi> client_for(const ApiConfig& api, const std::string& project = "acme") {
  HttpSimApiOptions options;
  options.retry.first = 4ms;  // or the tests would mostly wait
  return make_http_sim_api(api, ProjectConfig{project, Secret(kToken)}, options);
}

inline std::unique_ptr<SimApi> client_for(const ScriptedServer& server) {
  return client_for(config_for(server.url()));
}

// The ApiError that `action` throws. Checks what holds for each of them: no token in the text.
inline std::optional<ApiError> error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const ApiError& error) {
    EXPECT_EQ(std::string(error.what()).find(kToken), std::string::npos) << error.what();
    return error;
  }
  ADD_FAILURE() << "no ApiError";
  return std::nullopt;
}

class Stopwatch {
 public:
  [[nodiscard]] std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_);
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

inline const std::string kJson = "Content-Type: application/json\r\n";
inline const std::string kOnePage = sample::page({sample::sim("sim_1")});

}  // namespace simsync
