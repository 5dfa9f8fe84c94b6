// Metadata that somebody asked to have written back to the API: rows of simsync.metadata_request, and what is stored of
// how they are carried out. How that is done is decided in sync/metadata.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/sim.h"

namespace simsync {

// A request larger than this is none that the API could take.
inline constexpr std::size_t kMostRequestBytes = 64U << 10U;

// The oldest pending request of a SIM.
struct MetadataRequest {
  std::int64_t id = 0;
  std::string sim_id;
  std::optional<std::string> metadata;  // JSON text: the keys to set; nullopt: more than kMostRequestBytes
  std::string remove = "[]";            // JSON text of an array: the keys to remove
  std::uint64_t attempts = 0;           // how often it was about to be sent
  std::uint64_t overtaken = 0;          // how often the API took it and had something else afterwards
};

enum class MetadataState { pending, applied, conflict, failed };

constexpr const char* to_text(MetadataState state) {
  switch (state) {
    case MetadataState::pending:
      return "pending";
    case MetadataState::applied:
      return "applied";
    case MetadataState::conflict:
      return "conflict";
    case MetadataState::failed:
      break;
  }
  return "failed";
}

// How a request goes on; stored before what it says is done.
struct MetadataStep {
  std::int64_t request = 0;
  std::string sim_id;
  std::uint64_t attempts = 0;  // as they were known: another process has not gone on with it
  MetadataState state = MetadataState::pending;
  std::optional<std::string> sent;  // of a pending one: the whole metadata that are about to be sent, fit for jsonb
  std::uint64_t overtaken = 0;
  std::string error;                  // why it is not applied, or not yet; empty: nothing is to be said
  std::optional<SimReading> as_read;  // the SIM as the API had it last
};

// What somebody asks for.
struct MetadataWish {
  std::string project;
  std::string sim_id;
  std::string metadata;       // JSON text of an object
  std::string remove = "[]";  // JSON text of an array: none of the keys of `metadata`
};

// What became of it.
struct MetadataAnswer {
  std::int64_t request = 0;
  MetadataState state = MetadataState::pending;
  std::string error;
};

}  // namespace simsync
