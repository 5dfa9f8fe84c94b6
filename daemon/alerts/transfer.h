// The alerts' way out: one HTTP request, or one mail. Libcurl does the work and is named in transfer.cpp only.
// Redirects are not followed (a signed message goes where the configuration says), certificates are always verified, of
// an answer only the beginning is read.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "config/secret.h"

namespace simsync {

struct HttpPost {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;  // must hold no line ends
  std::string body;
  std::chrono::milliseconds timeout{std::chrono::seconds{10}};  // of all of it, from the name's lookup to the answer
};

// What came back. An answer whose head is complete counts, also when its body hangs or never ends.
struct PostAnswer {
  int status = 0;           // 0: there was none
  std::string retry_after;  // the header as it came
  std::string body;         // at most its first 4 KiB
  std::string error;        // why there was none; one line without path and query of the URL
};

// Blocks; a stop ends it at once. Throws nothing but std::bad_alloc.
PostAnswer post(const HttpPost& request, const std::stop_token& stop);

struct MailSubmission {
  std::string server;  // smtps://host:port, or smtp://host:port: with STARTTLS, which only a loopback address may lack
  std::string from;
  std::vector<std::string> to;
  std::string user;  // empty: no login
  Secret password;
  std::string mail;  // headers and body, lines end with \r\n
  std::chrono::milliseconds timeout{std::chrono::seconds{10}};
};

struct RefusedRecipient {
  std::string address;
  std::string reply;  // the server's, its first line; printable
};

struct MailAnswer {
  bool accepted = false;
  int status = 0;        // the server's last SMTP code; 0: it said nothing
  bool of_mail = false;  // the server refused the sender, all recipients or the mail, not the connection or the login
  std::string error;
  std::vector<RefusedRecipient> refused;  // of an accepted mail: who will not get it
};

// Accepted as soon as the server takes the mail for one of the recipients. Blocks and throws as post() does.
MailAnswer send_mail(const MailSubmission& submission, const std::stop_token& stop);

}  // namespace simsync
