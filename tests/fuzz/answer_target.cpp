// Answers of the API but for lists, and metadata that are to be changed. The first byte says which.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "sync/api/metadata_map.h"
#include "sync/api/page_parser.h"
#include "tests/fuzz/sim_promises.h"
#include "tests/fuzz/targets.h"

namespace simsync::fuzz {
namespace {

void sim(std::string_view input) {
  PageParser parser;
  Sim sim;
  std::string body{input};
  std::optional<std::string> metadata;
  const PageParser::Problem problem = parser.read_sim(body, sim, &metadata);
  Sim again;
  body = input;
  promise(parser.read_sim(body, again) == problem, "another verdict without the metadata's text");
  if (problem) return;
  promise(sim == again, "another SIM without the metadata's text");
  promise_whole(input);
  promise_sim(sim);
  if (metadata) promise(is_json_object(*metadata), "the metadata's text is no object");
}

void profile(std::string_view input) {
  PageParser parser;
  EsimProfile alone;
  std::string body{input};
  const PageParser::Problem problem = parser.read_profile(body, alone);
  EsimProfile whole;
  std::optional<Sim> sim;
  body = input;
  const PageParser::Problem with_sim = parser.read_profile(body, whole, &sim);
  if (!problem) {
    promise_whole(input);
    promise(!alone.sim_id.empty(), "a profile without SIM");
    promise_field(alone.sim_id, "sim.id");
    promise_field(alone.status, "status");
  }
  if (with_sim) return;
  if (!problem && sim) promise(whole == alone, "another profile with the SIM");
  if (sim) promise(sim->id == whole.sim_id, "the SIM of another profile");
  if (sim) promise_sim(*sim);
}

void credentials(std::string_view input) {
  PageParser parser;
  SimCredentials credentials;
  std::string body{input};
  if (parser.read_credentials(body, credentials)) return;
  promise_whole(input);
  promise_storable(credentials.sim_id, "sim");
  promise_storable(credentials.activation_code.value_or(""), "activationCode");
  promise_storable(credentials.qr_code_url.value_or(""), "qrCodeUrl");
}

void error(std::string_view input) {
  PageParser parser;
  std::string body{input};
  const std::optional<std::string> message = parser.read_error(body);
  if (message) promise_storable(*message, "message");
}

bool is_metadata(std::string_view text) {
  return is_utf8(text) && is_json_object(text) && json::check(text).verdict == json::Verdict::ok;
}

// What to set, what to remove and what there is, with a line end between them.
void metadata(std::string_view input) {
  std::array<std::string_view, 3> parts{};
  for (std::string_view& part : parts) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    part = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  const auto& [set, remove, whole] = parts;
  const std::optional<MetadataChange> change = MetadataChange::read(set, remove);
  if (!change || !is_metadata(set) || !is_metadata(whole)) return;
  const std::string merged = change->merged(whole);
  promise(is_json_object(merged), "merged metadata are no object");
  promise(change->differences(merged).empty(), "something is not as asked after the merge");
  promise(change->merged(merged) == merged, "merged metadata change when merged again");
  if (set == "{}" && remove == "[]") promise(merged == whole, "changed though nothing was asked");
}

}  // namespace

void answer(std::string_view input) {
  give_to_one_of(std::array{sim, profile, credentials, error, metadata}, input);
}

}  // namespace simsync::fuzz
