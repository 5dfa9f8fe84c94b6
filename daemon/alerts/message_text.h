// A message in words and as JSON. Pure. What comes from outside (identifiers, metadata values, also a rule's name) is
// made harmless here: no control characters, no marks that turn the text around, nothing endless, always UTF-8.
#pragma once

#include <string>

#include "storage/alert_store.h"

namespace simsync {

// One line, at most 700 bytes, however long its names: `[critical] gone: 12 alerts, enabled → disabled (acme)`.
std::string subject_of(const AlertMessage& message);

// Some dozens of lines: how many, of which providers and transitions, the first SIMs, and the query for the rest. Ends
// with a line end.
std::string text_of(const AlertMessage& message);

// A statement that lists all alerts of the message, for people to paste into psql: one line of printable characters,
// whatever the names in it are.
std::string query_of(const AlertMessage& message);

// `2026-01-31T23:59:59.000001Z`
std::string iso_time(TimePoint time);

// The CloudEvent (version 1.0, structured mode) that webhooks and commands get. The same bytes in every attempt.
std::string cloud_event(const AlertMessage& message);

}  // namespace simsync
