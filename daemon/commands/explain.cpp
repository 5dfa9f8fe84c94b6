#include <iostream>

#include "config/printable.h"
#include "daemon/commands/commands.h"
#include "storage/migrator.h"
#include "storage/sim_story.h"
#include "sync/profiles/poll_outlook.h"

namespace simsync {
namespace {

constexpr std::uint64_t kNewest = 200;  // entries of a list, unless all are asked for

Cell text_cell(const std::optional<std::string>& text) {
  return text ? Cell{*text} : Cell{};
}

Cell seconds_cell(const std::optional<Milliseconds>& span) {
  if (!span) return std::monostate{};
  return std::chrono::duration_cast<std::chrono::seconds>(*span).count();
}

// A value of a list: shortened for people, whole for programs.
Cell value_cell(const std::optional<std::string>& value, bool is_json, OutputFormat format) {
  if (!value) return std::monostate{};
  if (format != OutputFormat::table) return is_json ? json_cell(*value) : Cell{*value};
  return shortened(*value, kLongestInTable);
}

OutputSection sim_section(const SimStory& story) {
  const Sim& sim = story.sim;
  return {"sim",
          OutputSection::Shape::one,
          {{"project", "sim_id", "iccid", "provider", "type", "status", "created_at", "first_seen_at", "changed_at",
            "missing_since", "confirmed_at", "metadata", "extra"},
           {{story.project, sim.id, sim.iccid, sim.provider, sim.type, sim.status, time_cell(sim.created_at),
             time_cell(story.first_seen_at), time_cell(story.changed_at), time_cell(story.missing_since),
             time_cell(story.confirmed_at), JsonText{sim.metadata}, JsonText{sim.extra}}}}};
}

OutputSection profile_section(const SimStory& story) {
  OutputSection section{"profile",
                        OutputSection::Shape::one,
                        {{"status", "status_since", "updated_at", "first_observed_at", "last_polled_at"}, {}}};
  if (story.profile) {
    const SimStory::Profile& profile = *story.profile;
    section.table.rows.push_back({profile.status, time_cell(profile.status_since), time_cell(profile.updated_at),
                                  time_cell(profile.first_observed_at), time_cell(profile.last_polled_at)});
  }
  return section;
}

std::string left_out(std::uint64_t older) {
  return older == 0 ? "" : std::to_string(older) + " older entries are left out; --all shows them";
}

std::vector<Cell> entry_row(const SimStory::Entry& entry, OutputFormat format) {
  const bool is_json = entry.what == "metadata" || entry.what == "extra";
  return {time_cell(entry.not_before),
          time_cell(entry.observed_at),
          time_cell(entry.reported_at),
          entry.what,
          entry.kind,
          value_cell(entry.from, is_json, format),
          value_cell(entry.to, is_json, format),
          text_cell(entry.origin)};
}

OutputSection timeline_section(const SimStory& story, OutputFormat format) {
  OutputSection section{"timeline",
                        OutputSection::Shape::list,
                        {{"not_before", "observed_at", "reported_at", "what", "kind", "from", "to", "origin"}, {}},
                        left_out(story.older_entries)};
  for (const SimStory::Entry& entry : story.timeline) section.table.rows.push_back(entry_row(entry, format));
  return section;
}

OutputSection polls_section(const PollOutlook& polls) {
  return {"polls",
          OutputSection::Shape::one,
          {{"polled", "reason", "interval_s", "last_polled_at", "next", "next_earliest_at", "next_due_at", "overdue_s"},
           {{polls.polled, polls.reason, seconds_cell(polls.interval), time_cell(polls.last_polled_at),
             polls.next.empty() ? Cell{} : Cell{polls.next}, time_cell(polls.next_earliest), time_cell(polls.next_due),
             seconds_cell(polls.overdue)}}}};
}

OutputSection pending_section(const SimStory& story, OutputFormat format) {
  OutputSection section{"pending",
                        OutputSection::Shape::list,
                        {{"kind", "id", "since", "state", "rule", "channel", "metadata", "attempts", "error"}, {}},
                        left_out(story.older_pending)};
  for (const SimStory::Pending& entry : story.pending) {
    section.table.rows.push_back({entry.kind, entry.id, time_cell(entry.since), entry.state, text_cell(entry.rule),
                                  text_cell(entry.channel), value_cell(entry.metadata, true, format),
                                  entry.attempts ? Cell{*entry.attempts} : Cell{}, text_cell(entry.error)});
  }
  return section;
}

// CSV is one table: the timelines, each row with its SIM.
void print_timelines(const std::vector<SimStory>& stories) {
  Table table{{"project", "sim_id", "not_before", "observed_at", "reported_at", "what", "kind", "from", "to", "origin"},
              {}};
  for (const SimStory& story : stories) {
    for (const SimStory::Entry& entry : story.timeline) {
      std::vector<Cell>& row = table.rows.emplace_back(std::vector<Cell>{story.project, story.sim.id});
      for (Cell& cell : entry_row(entry, OutputFormat::csv)) row.push_back(std::move(cell));
    }
    if (story.older_entries > 0) {
      std::cerr << "simsyncd: " << printable(story.sim.id) << ": " << left_out(story.older_entries) << '\n';
    }
  }
  print(std::cout, table, OutputFormat::csv);
}

void print_stories(const std::vector<SimStory>& stories, const ProfilesConfig& profiles, OutputFormat format) {
  if (format == OutputFormat::csv) {
    print_timelines(stories);
    return;
  }
  const TimePoint now = wall_clock();
  std::vector<Document> documents;
  documents.reserve(stories.size());
  for (const SimStory& story : stories) {
    documents.push_back({sim_section(story), profile_section(story), timeline_section(story, format),
                         polls_section(poll_outlook(story, profiles, now)), pending_section(story, format)});
  }
  if (format == OutputFormat::json) {
    print_json(std::cout, documents);
  } else {
    print_sections(std::cout, documents);
  }
}

}  // namespace

ExitCode explain_command(const CommandLine& line, const Config& config) {
  std::vector<std::string> projects;
  for (const ProjectConfig& project : chosen_projects(line, config)) projects.push_back(project.id);
  require_current_schema(config.database.url);
  std::vector<SimStory> stories;
  if (is_utf8(line.sim)) {  // the database holds nothing else
    stories = read_sim_stories(config.database.url, projects, line.sim, line.all ? 0 : kNewest);
  }
  if (stories.empty()) {
    std::string names;
    for (const std::string& project : projects) names += (names.empty() ? "" : ", ") + project;
    std::cerr << "simsyncd: no SIM with this id or ICCID in project" << (projects.size() > 1 ? "s " : " ") << names
              << "; 'simsyncd status' shows how fresh the mirror is, 'simsyncd sync' brings it up to date\n";
    return ExitCode::failed;
  }
  print_stories(stories, config.profiles, line.output);
  if (stories.size() == kMostStories) {
    std::cerr << "simsyncd: more SIMs than the first " << kMostStories << " may have this ICCID; ask by id\n";
  }
  return ExitCode::done;
}

}  // namespace simsync
