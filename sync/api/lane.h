// The two lanes in which a project's requests wait, for a connection and for the operator's rate. Polls of profiles
// never run out: dozens of workers ask again as soon as they are answered. In one queue with them every page of a walk,
// look at new SIMs and request of somebody at the keyboard would wait behind all of these workers. So each lane is
// first come, first served for itself, and while callers of both wait they take turns, one and one: neither can starve
// the other.
#pragma once

namespace simsync {

enum class Lane {
  polls,   // of eSIM profiles
  others,  // walks, looks at new SIMs, and what is asked for on demand
};

}  // namespace simsync
