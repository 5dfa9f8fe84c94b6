// The operator's database.url, completed with what a daemon needs of a connection. Knows libpq's parser, so that
// URIs, conninfo strings and libpq's environment all work as they do in psql.
#pragma once

#include <string>

namespace simsync {

struct Conninfo {
  std::string text;   // for libpq; may hold a password: never print it
  std::string label;  // for messages: host, port and database name, no password
};

// Adds, where the operator did not say otherwise: connect_timeout 4 s, application_name simsyncd, client_encoding
// UTF8, TCP keep-alives and a TCP user time-out that notice a dead server within 15 s. Throws StorageError when
// libpq cannot read `url`.
Conninfo complete_conninfo(const std::string& url);

}  // namespace simsync
