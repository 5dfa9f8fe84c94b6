#include "tests/simulator/sim.h"

namespace simsync::simulator {
namespace {

constexpr std::string_view kBeforeId = R"({"object":"sim","id":")";
constexpr std::string_view kBeforeMetadata = R"(","metadata":)";
constexpr std::string_view kBeforeCreated = R"(,"createdAt":")";
constexpr std::string_view kBeforeIccid = R"(","iccid":")";
constexpr std::size_t kMetadataAt = kBeforeId.size() + kIdLength + kBeforeMetadata.size();

}  // namespace

std::string_view Sim::metadata() const {
  return std::string_view(json).substr(kMetadataAt, metadata_length);
}

std::string_view Sim::iccid() const {
  const std::size_t created_length = fraction ? 22 : 20;
  return std::string_view(json).substr(
      kMetadataAt + metadata_length + kBeforeCreated.size() + created_length + kBeforeIccid.size(), iccid_length);
}

Peculiar& Sim::make_peculiar() {
  if (!peculiar) peculiar = std::make_unique<Peculiar>();
  return *peculiar;
}

void Sim::render(const Vocabulary& words, std::string_view metadata, std::string_view iccid) {
  std::string out;
  out.reserve(220 + metadata.size() + (peculiar ? peculiar->extra.size() : 0));
  out.append(kBeforeId).append(id_text()).append(kBeforeMetadata).append(metadata).append(kBeforeCreated);
  append_utc(out, created_at, fraction);
  out.append(kBeforeIccid).append(iccid).append(R"(","provider":)").append(words.providers.quoted(provider));
  out.append(R"(,"status":)").append(words.statuses.quoted(status));
  out.append(R"(,"type":)").append(words.types.quoted(type));
  if (peculiar) out += peculiar->extra;
  out += '}';
  metadata_length = static_cast<std::uint32_t>(metadata.size());
  iccid_length = static_cast<std::uint16_t>(iccid.size());
  // A copy, not a move: the text is kept as long as the SIM lives and must not drag spare capacity along.
  json = std::string(out.data(), out.size());
}

void Sim::append_updated_at(std::string& out) const {
  if (peculiar && !peculiar->updated_at_text.empty())
    out += peculiar->updated_at_text;
  else
    append_utc(out, profile_updated_at);
}

}  // namespace simsync::simulator
