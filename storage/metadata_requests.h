// Asking for metadata to be written back, for those who ask: puts rows into simsync.metadata_request and says what
// became of one. The daemon carries them out; nothing here does.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/metadata_queue.h"
#include "storage/storage_error.h"

namespace simsync {

// A SIM of the mirror that somebody names in a file.
struct NamedSim {
  std::size_t place = 0;  // of the name, among those that were asked for
  std::string project;
  std::string sim_id;
  std::string metadata;  // JSON text, as the mirror has them
  bool present = true;   // in the API, as far as is known
  bool pending = false;  // a request is
};

// Belongs to one thread. All functions block, and throw StorageError; each is one transaction.
class MetadataRequests {
 public:
  virtual ~MetadataRequests() = default;

  // Returns the requests' numbers, in their order. `who`: the person, as simsync.metadata_request.requested_by shows
  // it. All texts have to be UTF-8 without U+0000.
  virtual std::vector<std::int64_t> ask(const std::vector<MetadataWish>& wishes, const std::string& who) = 0;

  // nullopt: somebody has deleted it.
  virtual std::optional<MetadataAnswer> answer(const MetadataWish& wish, std::int64_t request) = 0;

  // Whether a service works on the project.
  virtual bool is_served(const std::string& project) = 0;

  // The SIMs of these projects with these ids, which go by the key; and with these ICCIDs (digits alone), for which the
  // projects' SIMs are read once. In the order of the names, then of the projects.
  virtual std::vector<NamedSim> by_id(const std::vector<std::string>& projects,
                                      const std::vector<std::string>& ids) = 0;
  virtual std::vector<NamedSim> by_iccid(const std::vector<std::string>& projects,
                                         const std::vector<std::string>& iccids) = 0;
};

std::unique_ptr<MetadataRequests> open_metadata_requests(const std::string& url);

}  // namespace simsync
