#include "daemon/sim_output.h"

#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "config/printable.h"

namespace simsync {
namespace {

std::vector<std::string> columns_for(OutputFormat format) {
  std::vector<std::string> columns = {"project", "sim_id", "iccid",      "provider",
                                      "type",    "status", "created_at", "metadata"};
  if (format != OutputFormat::table) columns.emplace_back("extra");
  return columns;
}

std::vector<Cell> row_of(const std::string& project, const Sim& sim, OutputFormat format) {
  std::vector<Cell> row = {project, sim.id, sim.iccid, sim.provider, sim.type, sim.status, time_cell(sim.created_at)};
  if (format == OutputFormat::table) {
    row.emplace_back(shortened(sim.metadata, kLongestInTable));
  } else {
    row.emplace_back(JsonText{sim.metadata});
    row.emplace_back(JsonText{sim.extra});
  }
  return row;
}

std::string member(const char* key, const std::string& text) {
  return json_string(key) + ": " + json_string(text);
}

std::string time_member(const char* key, TimePoint time) {
  return member(key, std::get<std::string>(time_cell(time)));
}

// What stands between the braces, as it came: no digit of a number is lost.
std::string inside(const std::string& object) {
  const std::size_t begin = object.find('{') + 1;
  return object.substr(begin, object.rfind('}') - begin);
}

bool has_project(const std::string& extra) {
  if (extra.find("\"project\"") == std::string::npos) return false;
  const auto fields = nlohmann::json::parse(extra, nullptr, false);
  return fields.is_object() && fields.contains("project");
}

// As the API writes it.
std::vector<std::string> members_of(const Sim& sim) {
  std::vector<std::string> members = {member("object", "sim"),         member("id", sim.id),
                                      "\"metadata\": " + sim.metadata, time_member("createdAt", sim.created_at),
                                      member("iccid", sim.iccid),      member("provider", sim.provider),
                                      member("status", sim.status),    member("type", sim.type)};
  const std::string extra = inside(sim.extra);
  if (extra.find_first_not_of(" \t\r\n") != std::string::npos) members.push_back(extra);
  return members;
}

std::string json_of(const std::string& project, const Sim& sim, const std::string& indent) {
  std::vector<std::string> members = members_of(sim);
  if (!has_project(sim.extra)) members.insert(members.begin(), member("project", project));
  return json_object(members, indent);
}

}  // namespace

SimPrinter::SimPrinter(std::ostream& out, OutputFormat format)
    : out_(out), format_(format), rows_(out, columns_for(format), format) {}

void SimPrinter::add(const std::string& project, const std::vector<SimReading>& readings) {
  if (readings.empty()) return;
  if (format_ == OutputFormat::json) {
    for (const SimReading& reading : readings) {
      out_ << (std::exchange(begun_, true) ? ",\n  " : "[\n  ") << json_of(project, reading.sim, "  ");
    }
    return;
  }
  std::vector<std::vector<Cell>> rows;
  for (const SimReading& reading : readings) rows.push_back(row_of(project, reading.sim, format_));
  rows_.add(std::move(rows));
}

void SimPrinter::finish() {
  if (format_ != OutputFormat::json) {
    rows_.finish();
  } else {
    out_ << (begun_ ? "\n]\n" : "[]\n");
  }
}

void print_sim(std::ostream& out, const std::string& project, const Sim& sim, OutputFormat format) {
  if (format == OutputFormat::json) {
    out << json_of(project, sim, "") << '\n';
    return;
  }
  // Whole, also in a table: there it has a line of its own.
  Table table{columns_for(OutputFormat::csv), {row_of(project, sim, OutputFormat::csv)}};
  if (format == OutputFormat::csv) {
    print(out, table, format);
  } else {
    print_sections(out, {{{"sim", OutputSection::Shape::one, std::move(table)}}});
  }
}

void print_profile(std::ostream& out, const std::string& project, const Sim* sim, const EsimProfile& profile,
                   OutputFormat format) {
  if (format == OutputFormat::json) {
    const std::string inner =
        sim != nullptr ? json_object(members_of(*sim), "  ") : json_object({member("id", profile.sim_id)}, "  ");
    out << json_object({member("project", project), member("object", "eSimProfile"), "\"sim\": " + inner,
                        member("status", profile.status), time_member("updatedAt", profile.updated_at)},
                       "")
        << '\n';
    return;
  }
  const auto of_sim = [sim](std::string Sim::*field) { return sim != nullptr ? Cell{sim->*field} : Cell{}; };
  Table table{{"project", "sim_id", "iccid", "provider", "type", "sim_status", "status", "updated_at"},
              {{project, profile.sim_id, of_sim(&Sim::iccid), of_sim(&Sim::provider), of_sim(&Sim::type),
                of_sim(&Sim::status), profile.status, time_cell(profile.updated_at)}}};
  if (format == OutputFormat::csv) {
    print(out, table, format);
  } else {
    print_sections(out, {{{"profile", OutputSection::Shape::one, std::move(table)}}});
  }
}

}  // namespace simsync
