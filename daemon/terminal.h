// Whether what is printed may have colours.
#pragma once

namespace simsync {

// The file is a terminal that knows them (TERM is set and not dumb), and nobody objects (NO_COLOR is unset or empty;
// https://no-color.org).
bool has_colours(int file);

}  // namespace simsync
