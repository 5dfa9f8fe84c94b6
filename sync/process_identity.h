// Tells a program that has ended from one that still runs, so that nobody goes on with a walk that somebody is walking.
#pragma once

#include <optional>
#include <string>

namespace simsync {

// This process among all that ever ran on this machine: boot, process id, and when that process started.
std::string this_process();

// The machine's name, for people.
std::string this_host();

// Whether the process that called itself so still runs; nullopt when that cannot be known: it ran on another machine,
// in another container, or before a reboot, or this machine hides its processes.
std::optional<bool> still_runs(const std::string& process);

}  // namespace simsync
