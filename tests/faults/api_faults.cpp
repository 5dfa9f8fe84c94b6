#include "tests/faults/api_faults.h"

namespace simsync::test {

std::vector<ApiFault> every_api_fault() {
  const std::vector<std::string> lists = {"list"};
  return {
      {"Error500", {{"fault", "status"}, {"status", 500}}},
      {"Error503", {{"fault", "status"}, {"status", 503}}},
      {"Busy429ForSeconds",
       {{"fault", "status"}, {"status", 429}, {"retry_after", "1"}},
       {"list", "profile"},
       0.3,
       0.01},
      {"Busy429UntilADate",
       {{"fault", "status"}, {"status", 429}, {"retry_after", "http-date+1"}},
       {"list", "profile"},
       0.3,
       0.01},
      {"Unavailable503ForSeconds",
       {{"fault", "status"}, {"status", 503}, {"retry_after", "1"}},
       {"list", "profile"},
       0.3,
       0.01},
      {"Reset", {{"fault", "reset"}}},
      {"Close", {{"fault", "close"}}},
      {"Truncate", {{"fault", "truncate"}}},
      {"HalfJson", {{"fault", "half_json"}}},
      {"Html", {{"fault", "html"}}},
      {"Hang", {{"fault", "hang"}}, {"list", "profile"}, 0.1},
      {"SlowBody", {{"fault", "slow_body"}, {"bytes_per_second", 20}}, {"list", "profile"}, 0.1},
      {"SlowHeader", {{"fault", "slow_header"}, {"interval_seconds", 0.2}}, {"list", "profile"}, 0.1},
      {"EndlessBody", {{"fault", "endless_body"}}, {"list", "profile"}, 0.05},
      {"DuplicateItem", {{"fault", "duplicate_item"}}, lists, 0.5},
      {"EmptyPage", {{"fault", "empty_page"}}, lists},
      {"RepeatCursor", {{"fault", "repeat_cursor"}}, lists},
      {"GoneCursor", {{"fault", "gone_cursor"}}, lists},
      {"GoneCursor404", {{"fault", "gone_cursor"}, {"status", 404}}, lists},
      {"EmptyList", {{"fault", "empty_list"}}, lists, 0.3, 0, "", true},
      {"HalfList", {{"fault", "half_list"}}, lists, 0.3, 0, "", true},
      {"BadItem", {{"fault", "bad_item"}, {"count", 3}}},
      {"BadUtf8", {{"fault", "bad_utf8"}}, {"list", "profile"}, 0.3, 0, "\uFFFD"},
      {"WrongObject", {{"fault", "wrong_object"}}},
      {"WrongObjectInside", {{"fault", "wrong_object"}, {"level", "item"}}},
      {"Redirect", {{"fault", "redirect"}}},
      {"DeepNesting", {{"fault", "deep_nesting"}}, {"list", "profile"}, 0.3, 0, R"({"a":{"a":)"},
      {"DeeperNesting", {{"fault", "deep_nesting"}, {"depth", 100'000}}, {"list", "profile"}, 0.3, 0, R"({"a":{"a":)"},
      {"NulAndSurrogates", {{"fault", "nul_and_surrogates"}}, {"list", "profile"}, 0.3, 0, "\uFFFD"},
      {"UnknownStatus", {{"fault", "unknown_status"}}, {"list", "profile"}, 0.3, 0, "suspended"},
      {"NotFound", {{"fault", "status"}, {"status", 404}}, {"profile"}},
      {"Forbidden", {{"fault", "status"}, {"status", 403}, {"times", 1}}, {"profile"}},
  };
}

}  // namespace simsync::test
