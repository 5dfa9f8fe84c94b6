// A program of the operator's, started for each message, without a shell: the CloudEvent on its standard input, nothing
// of the message in its arguments. Of the daemon's environment, which may hold tokens, it gets PATH, HOME, LANG,
// LC_ALL, TZ and TMPDIR.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/alerts/channel.h"

namespace simsync {

struct CommandOptions {
  std::string program;  // absolute
  std::vector<std::string> args;
  std::chrono::milliseconds timeout{std::chrono::seconds{10}};
};

// Exit code 0: delivered. 65 (EX_DATAERR of sysexits.h): refused for good. Everything else is tried again: any other
// code, a signal, the time limit (which kills its whole process group), a program that cannot be started. The last line
// it wrote is part of the error.
std::unique_ptr<AlertChannel> make_command_channel(const CommandOptions& options);

}  // namespace simsync
