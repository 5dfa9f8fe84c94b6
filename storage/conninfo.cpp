#include "storage/conninfo.h"

#include <libpq-fe.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

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

// What psql would take for a key that the URL leaves out.
std::string or_environment(const char* value, const char* name, const char* fallback) {
  if (value != nullptr) return value;
  const char* environment = std::getenv(name);
  return environment != nullptr ? environment : fallback;
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
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    const std::string_view key = option->keyword;
    if (key == "host") host = option->val;
    if (key == "port") port = option->val;
    if (key == "dbname") dbname = option->val;
    if (option->val != nullptr) {
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
  return result;
}

}  // namespace simsync
