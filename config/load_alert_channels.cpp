#include <algorithm>
#include <string>
#include <vector>

#include "config/load_sections.h"
#include "config/log.h"
#include "config/printable.h"
#include "config/url.h"

namespace simsync {

namespace {

using Words = std::vector<std::string>;

// What a type of channel takes beside type and timeout.
struct ChannelKind {
  std::string type;
  Words keys;
};

const std::vector<ChannelKind>& channel_kinds() {
  static const std::vector<ChannelKind> kKinds = {
      {"webhook", {"url", "secret_file", "secret_env"}},
      {"alertmanager", {"url"}},
      {"slack", {"url_file", "url_env"}},
      {"email", {"server", "from", "to", "user", "password_file", "password_env"}},
      {"command", {"program", "args"}},
  };
  return kKinds;
}

constexpr Milliseconds kShortestTimeout{100};

Words all_keys() {
  Words keys = {"type", "timeout"};
  for (const ChannelKind& kind : channel_kinds()) {
    for (const std::string& key : kind.keys) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  }
  return keys;
}

// The Standard Webhooks scheme: whsec_ and the key's bytes in base64. Never shows it.
bool is_webhook_secret(std::string_view text) {
  constexpr std::string_view kPrefix = "whsec_";
  if (!text.starts_with(kPrefix)) return false;
  text.remove_prefix(kPrefix.size());
  while (text.ends_with('=')) text.remove_suffix(1);
  constexpr std::size_t kShortestKey = 32;  // letters for 24 bytes, the least that the scheme allows
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return text.size() >= kShortestKey && std::all_of(text.begin(), text.end(), letter);
}

void read_webhook(const Section& section, AlertChannelConfig& channel) {
  channel.url = section.require("url", "url: https://…, where alerts are sent").parsed_unshown(parse_webhook_url);
  channel.secrets = read_secrets(section, "secret_file", "secret_env", SecretLines::several);
  if (channel.secrets.empty()) {
    log::warning("webhook has no secret, its messages go unsigned",
                 {{"channel", channel.name}, {"advice", "add secret_file"}});
  }
  for (const Secret& secret : channel.secrets) {
    if (is_webhook_secret(secret.reveal())) continue;
    const auto file = section.find("secret_file");
    (file ? *file : *section.find("secret_env"))
        .fail("holds something other than signing secrets; write whsec_ and at least 24 bytes in base64, one a line");
  }
}

// The address of an incoming webhook is its secret.
void read_slack(const Section& section, AlertChannelConfig& channel) {
  channel.secrets = read_secrets(section, "url_file", "url_env", SecretLines::one);
  if (channel.secrets.empty()) section.fail("has no address; write url_file: FILE or url_env: VARIABLE");
  const auto file = section.find("url_file");
  try {
    parse_webhook_url(channel.secrets.front().reveal());
  } catch (const BadValue& bad) {
    (file ? *file : *section.find("url_env")).fail("the address it leads to " + std::string(bad.what()));
  }
}

// Enough to keep a header whole; whether there is such a mailbox, the server knows.
std::string parse_mail_address(std::string_view text) {
  const auto visible = [](char c) { return c > ' ' && c < 0x7F && c != '<' && c != '>' && c != ',' && c != '"'; };
  const std::size_t at = text.find('@');
  if (at == 0 || at == std::string_view::npos || at + 1 == text.size() ||
      text.find('@', at + 1) != std::string_view::npos || !std::all_of(text.begin(), text.end(), visible)) {
    throw BadValue("is no mail address; write it alone, such as ops@example.com");
  }
  return std::string(text);
}

void read_email(const Section& section, AlertChannelConfig& channel) {
  const Value server = section.require("server", "server: smtps://HOST, through which mail is sent");
  channel.url = server.parsed_unshown(parse_mail_server);
  channel.from = section.require("from", "from: ADDRESS, the sender").parsed(parse_mail_address);
  const Value to = section.require("to", "to: [ADDRESS], who gets the mail");
  channel.to = to.one_or_more_texts();
  if (channel.to.empty()) to.fail("the list is empty, nobody would be told; name an address");
  for (const std::string& address : channel.to) {
    try {
      parse_mail_address(address);
    } catch (const BadValue& bad) {
      to.fail(in_quotes(address) + " " + bad.what());
    }
  }
  channel.secrets = read_secrets(section, "password_file", "password_env", SecretLines::one);
  const auto user = section.find("user");
  if (user) channel.user = user->text();
  if (user && channel.secrets.empty())
    user->fail("has no password; write password_file: FILE or password_env: VARIABLE");
  if (!user && !channel.secrets.empty()) section.fail("has a password and no user; write user: NAME");
}

void read_command(const Section& section, AlertChannelConfig& channel) {
  const Value program = section.require("program", "program: /PATH, which gets each message on its standard input");
  channel.program = program.text();
  if (!channel.program.starts_with('/')) program.fail("is no absolute path; no shell and no PATH looks for it");
  if (const auto args = section.find("args")) {
    for (const Value& argument : args->items()) channel.args.push_back(argument.text());
  }
}

AlertChannelConfig read_channel(const std::string& name, const Value& value) {
  // The type decides which keys are known, so it is read before them.
  Words types;
  for (const ChannelKind& kind : channel_kinds()) types.push_back(kind.type);
  const auto entries = value.entries();
  const auto type =
      std::find_if(entries.begin(), entries.end(), [](const auto& entry) { return entry.first == "type"; });
  if (type == entries.end()) value.fail("has no type; write type: one of " + joined(types));
  AlertChannelConfig channel;
  channel.name = name;
  channel.type = type->second.choice(types);
  const auto kind = std::find_if(channel_kinds().begin(), channel_kinds().end(),
                                 [&](const ChannelKind& one) { return one.type == channel.type; });
  Words keys = {"type", "timeout"};
  keys.insert(keys.end(), kind->keys.begin(), kind->keys.end());
  const Section section(value, keys, all_keys(), "by type " + channel.type);
  if (const auto timeout = section.find("timeout")) channel.timeout = timeout->duration(kShortestTimeout);
  if (channel.type == "webhook") read_webhook(section, channel);
  if (channel.type == "alertmanager") {
    channel.url =
        section.require("url", "url: http://HOST:9093, the Alertmanager").parsed_unshown(parse_alertmanager_url);
  }
  if (channel.type == "slack") read_slack(section, channel);
  if (channel.type == "email") read_email(section, channel);
  if (channel.type == "command") read_command(section, channel);
  return channel;
}

}  // namespace

std::vector<AlertChannelConfig> read_alert_channels(const Value& value) {
  std::vector<AlertChannelConfig> channels;
  for (const auto& [name, child] : value.entries()) {
    try {
      parse_name(name, true);
    } catch (const BadValue& bad) {
      child.fail("the channel's name " + std::string(bad.what()));
    }
    channels.push_back(read_channel(name, child));
  }
  return channels;
}

}  // namespace simsync
