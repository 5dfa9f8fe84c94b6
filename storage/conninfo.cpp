#include "storage/conninfo.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "config/loopback.h"
#include "storage/storage_error.h"

namespace simsync {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption[], FreeOptions>;

struct Default {
  const char* key;
  const char* environment;  // libpq's variable for the key, which the operator may have set instead
  const char* value;
};

constexpr std::array<Default, 7> kDefaults = {{
    {"connect_timeout", "PGCONNECT_TIMEOUT", "4"},
    {"application_name", "PGAPPNAME", "simsyncd"},
    {"client_encoding", "", "UTF8"},
    {"keepalives_idle", "", "5"},
    {"keepalives_interval", "", "3"},
    {"keepalives_count", "", "3"},
    {"tcp_user_timeout", "", "15000"},
}};

void append_option(std::string& text, std::string_view key, std::string_view value) {
  if (!text.empty()) text += ' ';
  text.append(key).append("='");
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  text += '\'';
}

bool set_in_environment(const char* name) {
  return *name != '\0' && std::getenv(name) != nullptr;
}

// Of several hosts each counts.
bool leaves_the_machine(std::string_view hosts) {
  while (!hosts.empty()) {
    const std::string_view host = hosts.substr(0, hosts.find(','));
    const bool socket = host.empty() || host.front() == '/' || host.front() == '@';
    if (!socket && !is_loopback(host)) return true;
    hosts.remove_prefix(std::min(hosts.size(), host.size() + 1));
  }
  return false;
}

bool requires_tls(std::string_view mode) {
  return mode == "require" || mode == "verify-ca" || mode == "verify-full";
}

struct Advice {
  std::string_view sign;  // stands in libpq's text
  std::string_view advice;
};

// The first that fits. https://www.postgresql.org/docs/current/libpq-ssl.html
constexpr std::array<Advice, 9> kAdvice = {{
    {"root certificate file",
     "give database.url sslrootcert=FILE, the certificate of the authority that signed the server's"},
    {"does not match host name", "write the host in database.url as the server's certificate names it"},
    {"certificate verify failed",
     "the server's certificate is expired, or sslrootcert is not of the authority that signed it: renew the "
     "certificate, or "
     "give database.url the right sslrootcert"},
    {"server does not support SSL",
     "switch ssl on in the server's postgresql.conf, or do without sslmode in database.url"},
    {"valid client certificate", "give database.url sslcert=FILE and sslkey=FILE"},
    {"certificate authentication failed", "the client certificate has to be for the role that database.url names"},
    {"private key file", "sslkey has to be a file that only this user may read: chmod 600"},
    {"certificate file", "sslcert has to name a certificate that this user may read"},
    {"SSL error",
     "check sslmode, sslrootcert, sslcert and sslkey in database.url, and that the certificates have not expired"},
}};

// What psql would take for a key that the URL leaves out.
std::string or_environment(const char* value, const char* name, const char* fallback) {
  if (value != nullptr) return value;
  const char* environment = std::getenv(name);
  return environment != nullptr ? environment : fallback;
}

// The one at `place` of "a,b,c". What is not a list is the same for all.
std::string one_of(std::string_view list, std::size_t place) {
  if (list.find(',') == std::string_view::npos) return std::string{list};
  for (; place > 0; --place) list.remove_prefix(std::min(list.size(), list.find(',') + 1));
  return std::string{list.substr(0, list.find(','))};
}

bool is_list(std::string_view key) {
  return key == "host" || key == "hostaddr" || key == "port";
}

}  // namespace

Conninfo complete_conninfo(const std::string& url) {
  char* parse_error = nullptr;
  const Options options{PQconninfoParse(url.c_str(), &parse_error)};
  // libpq's text may repeat a part of the URL, and with it the password.
  if (parse_error != nullptr) PQfreemem(parse_error);
  if (!options) {
    throw StorageError(StorageFailure::other,
                       "database.url cannot be read; write a libpq URI (postgresql://user@host/dbname) or conninfo "
                       "(host=… dbname=…)");
  }
  Conninfo result;
  const char* host = nullptr;
  const char* port = nullptr;
  const char* dbname = nullptr;
  const char* attributes = nullptr;
  const char* hostaddr = nullptr;
  const char* sslmode = nullptr;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    const std::string_view key = option->keyword;
    if (key == "host") host = option->val;
    if (key == "hostaddr") hostaddr = option->val;
    if (key == "sslmode") sslmode = option->val;
    if (key == "port") port = option->val;
    if (key == "dbname") dbname = option->val;
    if (key == "target_session_attrs") attributes = option->val;
    if (option->val != nullptr && key != "target_session_attrs") {
      append_option(result.text, key, option->val);
      continue;
    }
    for (const Default& fallback : kDefaults) {
      if (key == fallback.key && !set_in_environment(fallback.environment)) {
        append_option(result.text, key, fallback.value);
      }
    }
  }
  result.label = "database " + or_environment(dbname, "PGDATABASE", "(default)") + " at " +
                 or_environment(host, "PGHOST", "the local socket") + ":" + or_environment(port, "PGPORT", "5432");
  const std::string wanted = or_environment(attributes, "PGTARGETSESSIONATTRS", "any");
  result.writable = wanted == "read-write" || wanted == "primary";
  append_option(result.text, "target_session_attrs", result.writable ? "any" : wanted);
  const std::string address = or_environment(hostaddr, "PGHOSTADDR", "");
  result.may_be_plain = leaves_the_machine(address.empty() ? or_environment(host, "PGHOST", "") : address) &&
                        !requires_tls(or_environment(sslmode, "PGSSLMODE", "prefer"));
  return result;
}

std::string encryption_of(const std::string& text, const std::string& label) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection{PQconnectdb(text.c_str()), PQfinish};
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    throw StorageError(StorageFailure::unreachable, label + ": cannot connect");
  }
  if (PQsslInUse(connection.get()) == 0) return "";
  const char* protocol = PQsslAttribute(connection.get(), "protocol");
  return protocol != nullptr ? protocol : "TLS";
}

std::string connect_advice(const std::string& error) {
  const auto fits = [&error](const Advice& one) { return error.find(one.sign) != std::string::npos; };
  const auto found = std::find_if(kAdvice.begin(), kAdvice.end(), fits);
  return found != kAdvice.end() ? std::string{found->advice} : "check database.url and that the server runs";
}

std::vector<std::string> one_host_each(const std::string& text) {
  const Options options{PQconninfoParse(text.c_str(), nullptr)};
  std::vector<const PQconninfoOption*> set;
  std::size_t hosts = 1;
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view value = option->val;
    set.push_back(option);
    if (is_list(option->keyword)) hosts = std::max(hosts, 1 + static_cast<std::size_t>(std::ranges::count(value, ',')));
    // That is a choice among all of them, which libpq makes.
    if (option->keyword == std::string_view{"target_session_attrs"} && value == "prefer-standby") return {text};
  }
  if (hosts == 1) return {text};
  std::vector<std::string> each(hosts);
  for (std::size_t place = 0; place < hosts; ++place) {
    for (const PQconninfoOption* option : set) {
      append_option(each[place], option->keyword,
                    is_list(option->keyword) ? one_of(option->val, place) : std::string{option->val});
    }
  }
  return each;
}

}  // namespace simsync
