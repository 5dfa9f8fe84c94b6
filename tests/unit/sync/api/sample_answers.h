// Answers in the reference's shape for the tests of sync/api.
#pragma once

#include <string>
#include <vector>

namespace simsync::sample {

inline std::string sim(const std::string& id, const std::string& metadata = "{}", const std::string& more = "") {
  return R"({"object":"sim","id":")" + id + R"(","metadata":)" + metadata +
         R"(,"createdAt":"2021-01-21T19:38:34Z","iccid":"89883070000007537119","provider":"p9","status":"inactive",)"
         R"("type":"eSIM")" +
         more + "}";
}

inline std::string page(const std::vector<std::string>& items, const std::string& after = "null",
                        const std::string& before = "null") {
  std::string text = R"({"object":"list","items":[)";
  for (std::size_t i = 0; i < items.size(); ++i) text += (i == 0 ? "" : ",") + items[i];
  return text + R"(],"moreItemsAfter":)" + after + R"(,"moreItemsBefore":)" + before + "}";
}

inline std::string profile(const std::string& sim_id) {
  return R"({"object":"eSimProfile","sim":)" + sim(sim_id) +
         R"(,"status":"enabled","updatedAt":"2024-03-13T15:36:01Z"})";
}

inline std::string error(const std::string& message, const std::string& type = "invalid") {
  return R"({"object":"error","message":")" + message + R"(","type":")" + type + R"("})";
}

}  // namespace simsync::sample
