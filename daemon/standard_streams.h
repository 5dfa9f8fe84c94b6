// A standard stream that whoever starts the program has closed.
#pragma once

namespace simsync {

// Its number would be given to the next file or socket that is opened, and what is printed, such as an activation code,
// would be written there. Instead writing to it fails from here on, and so does reading. Before anything is opened.
void occupy_closed_streams();

}  // namespace simsync
