// Keeps what the program has in memory (tokens, secrets, activation codes) out of files and of other programs.
#pragma once

namespace simsync {

// From here to its end this process leaves no core dump, and other processes of its user can neither trace it nor read
// its memory or environment in /proc; root still can. Its own reading of /proc/self goes on as before, and so does what
// it tells systemd. Programs that it starts are as any other, but for their core limit of 0. Throws std::runtime_error
// where the system does not do so.
void keep_memory_private();

}  // namespace simsync
