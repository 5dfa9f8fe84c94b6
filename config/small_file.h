// Reads a small regular file whole. Internal to config/, which reads two kinds: the configuration and secrets.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace simsync {

// Why a file could not be read, as the end of a sentence whose subject is the file. Never names path or content.
class FileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct FileFacts {
  bool others_may_read = false;  // neither owner nor group
};

// Replaces `content` by what `path` holds, at most `limit` bytes. Refuses directories, pipes and devices, which
// could block or never end. Throws FileError; `content` may then hold a part, which is the caller's to wipe.
FileFacts read_small_file(const std::string& path, std::size_t limit, std::string& content);

}  // namespace simsync
