// Judges the URLs of the configuration. Internal to config/. Messages never repeat a URL or a part of it: it may hold
// a password, or a path that is a secret by itself, as those of chat webhooks are.
#pragma once

#include <string>
#include <string_view>

namespace simsync {

// `scheme://host[:port]` of the SIM API, scheme and host in lower case, without a `/` at the end. http:// only to
// 127.0.0.0/8, [::1] and localhost: elsewhere it would show the token to the network. Throws BadValue.
std::string parse_base_url(std::string_view text);

// Where a webhook is sent: http or https, with any path and query, as given. Throws BadValue.
std::string parse_webhook_url(std::string_view text);

// An Alertmanager's root, perhaps with a path, without query; without a `/` at the end. Throws BadValue.
std::string parse_alertmanager_url(std::string_view text);

// smtps://HOST or smtp://HOST, with or without a port; nothing behind it, no user. Throws BadValue.
std::string parse_mail_server(std::string_view text);

// host:port to listen on; the host a name, an IPv4 address or an IPv6 address in brackets; the port 0–65535, where 0
// lets the kernel choose a free one (for tests). Throws BadValue.
std::string parse_listen_address(std::string_view text);

// The same, or `off`, which becomes empty. Throws BadValue.
std::string parse_listener(std::string_view text);

// Something libpq takes: postgresql://…, postgres://… or key=value pairs. libpq itself judges the rest when it
// connects. Throws BadValue.
std::string parse_database_url(std::string_view text);

}  // namespace simsync
