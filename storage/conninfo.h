// The operator's database.url, completed with what a daemon needs of a connection. Knows libpq's parser, so that
// URIs, conninfo strings and libpq's environment all work as they do in psql.
#pragma once

#include <string>
#include <vector>

namespace simsync {

struct Conninfo {
  std::string text;   // for libpq; may hold a password: never print it
  std::string label;  // for messages: host, port and database name, no password
  // The operator wants a server that takes writes (target_session_attrs). `text` leaves that to whoever connects, who
  // has to ask the server: libpq believes what it is told at the start of a session, and a pooler tells there what its
  // server was when the pooler first connected to it, for ever.
  bool writable = false;
  // It may go over a network, to another machine, and the operator did not require TLS: libpq would then fall back to a
  // connection that everybody on the way can read and change.
  bool may_be_plain = false;
};

// Adds, where the operator did not say otherwise: connect_timeout 4 s, application_name simsyncd, client_encoding
// UTF8, TCP keep-alives and a TCP user time-out that notice a dead server within 15 s. Throws StorageError when
// libpq cannot read `url`.
Conninfo complete_conninfo(const std::string& url);

// A text as above for each of its hosts, in their order. libpq itself tries the next host only where it cannot connect,
// not where somebody accepts the connection and then cannot serve it, as a pooler does whose server is away.
std::vector<std::string> one_host_each(const std::string& text);

// How a connection to this text is encrypted, such as "TLSv1.3"; empty: it is not. Connects. Throws StorageError, with
// `label` as above.
std::string encryption_of(const std::string& text, const std::string& label);

// What to do about an error that libpq had when it connected, in words that may follow the error.
std::string connect_advice(const std::string& error);

}  // namespace simsync
