#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string_view>

#include "config/load_config.h"
#include "config/printable.h"
#include "daemon/commands/sim_commands.h"
#include "daemon/lpa_code.h"
#include "daemon/qr_code.h"
#include "daemon/qr_png.h"

namespace simsync {
namespace {

void wipe(std::optional<std::string>& text) {
  if (text) explicit_bzero(text->data(), text->size());
}

// The answer, gone from memory with this.
struct WipedCredentials {
  explicit WipedCredentials(SimCredentials answer) : value(std::move(answer)) {}
  ~WipedCredentials() {
    wipe(value.activation_code);
    wipe(value.qr_code_url);
  }
  WipedCredentials(const WipedCredentials&) = delete;
  WipedCredentials& operator=(const WipedCredentials&) = delete;

  SimCredentials value;
};

Cell text_cell(const std::optional<std::string>& text) {
  return text ? Cell{*text} : Cell{};
}

bool is_terminal() {
  return isatty(STDOUT_FILENO) == 1;
}

// 0: nobody knows.
int terminal_columns() {
  winsize size{};
  return is_terminal() && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void print_qr(const std::optional<QrCode>& code) {
  if (!code) {
    tell("the activation code is too long for a QR code");
    return;
  }
  if (const int columns = terminal_columns(); columns > 0 && columns < code->width()) {
    tell("the QR code needs " + std::to_string(code->width()) + " columns, the terminal has " +
         std::to_string(columns) + "; make it wider, or write a file with --png");
    return;
  }
  const char* const term = std::getenv("TERM");
  const bool colours = is_terminal() && term != nullptr && std::string_view{term} != "dumb";
  std::cout << '\n' << drawn(*code, colours);
}

void print_table(const std::string& project, const SimCredentials& credentials) {
  Table table{{"project", "sim_id"}, {{project, credentials.sim_id}}};
  const auto line = [&table](const char* name, Cell value) {
    table.columns.emplace_back(name);
    table.rows.front().push_back(std::move(value));
  };
  if (const auto parts = parts_of_lpa(*credentials.activation_code)) {
    line("sm_dp_address", std::string{parts->address});
    line("matching_id", std::string{parts->matching_id});
    if (parts->confirmation_code) line("confirmation_code", std::string{"required"});
  }
  line("activation_code", *credentials.activation_code);
  line("qr_code_url", text_cell(credentials.qr_code_url));
  print_sections(std::cout, {{{"credentials", OutputSection::Shape::one, std::move(table)}}});
}

void print_credentials(const std::string& project, const SimCredentials& credentials, OutputFormat output) {
  const auto member = [](const char* key, const std::optional<std::string>& text) {
    return json_string(key) + ": " + (text ? json_string(*text) : "null");
  };
  if (output == OutputFormat::json) {
    std::cout << json_object({member("project", project), member("object", "simCredentials"),
                              member("activationCode", credentials.activation_code),
                              member("qrCodeUrl", credentials.qr_code_url), member("sim", credentials.sim_id)},
                             "")
              << '\n';
  } else if (output == OutputFormat::csv) {
    print(std::cout,
          {{"project", "sim_id", "activation_code", "qr_code_url"},
           {{project, credentials.sim_id, text_cell(credentials.activation_code), text_cell(credentials.qr_code_url)}}},
          output);
  } else {
    print_table(project, credentials);
    print_qr(QrCode::of(*credentials.activation_code));
  }
}

// The API gives a code for eSIMs alone (sims-reference.txt, "Retrieve the SIM credentials"). Nothing is recorded.
ExitCode tell_there_is_none(SimTask& task, const SimAddress& address) {
  const Sim sim = task.clients.of(address.project).get(address.sim_id, task.stop).sim;
  tell(address.sim_id + (sim.type == "eSIM" ? ": the API has no activation code for this eSIM"
                                            : " is a " + sim.type + ": it has no credentials, only eSIMs have"));
  return ExitCode::failed;
}

}  // namespace

ExitCode sim_credentials(SimTask& task) {
  const SimLine& asked = task.asked;
  const bool shown = asked.reveal || (asked.png.empty() && is_terminal());
  if (!shown && asked.png.empty()) {
    throw ConfigError(
        "the output is no terminal, where others may read an activation code; write a QR code with --png "
        "FILE, or say --reveal");
  }
  std::optional<QrPng> file;
  if (!asked.png.empty()) file.emplace(asked.png);
  const SimAddress address = task.address();
  const WipedCredentials credentials{task.clients.of(address.project).credentials(address.sim_id, task.stop)};
  const std::optional<std::string>& code = credentials.value.activation_code;
  if (!code || code->empty()) return tell_there_is_none(task, address);
  if (file) {
    const std::optional<QrCode> qr = QrCode::of(*code);
    if (!qr) throw QrPngError("the activation code is too long for a QR code; nothing was written");
    file->write(*qr);
  }
  if (shown) print_credentials(address.project.id, credentials.value, task.output);
  return ExitCode::done;
}

}  // namespace simsync
