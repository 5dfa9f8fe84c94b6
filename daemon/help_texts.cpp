#include "daemon/help_texts.h"

#include <algorithm>

namespace simsync {
namespace {

struct Footer {
  std::string_view command;
  std::string_view text;
};

constexpr Footer kFooters[] = {
    {"",
     "--config may stand behind the command as well. 'simsyncd COMMAND --help' says more of a command.\n"
     "Exit codes: 0 done; 1 it failed; 2 the usage or the configuration is wrong; 3 the API refused or\n"
     "could not be reached; 4 the database. An error is one line on stderr that says what to do."},
    {"run",
     "systemd runs it as simsyncd.service. SIGHUP reads the configuration again, SIGTERM ends it within\n"
     "seconds and without losing anything."},
    {"sync",
     "Examples:\n"
     "  simsyncd sync\n"
     "  simsyncd sync --project acme --dry-run --output csv\n"
     "Exit codes: 0 complete; 1 some SIMs or profiles could not be read, or metadata not be written; 3 the\n"
     "API; 4 the database."},
    {"check",
     "Examples:\n"
     "  simsyncd --config ./new.yaml check\n"
     "Exit codes: 0 all works; 2 the configuration; 3 the API; 4 the database."},
    {"migrate", "'run' and 'sync' do so by themselves unless the configuration says database.migrate: false."},
    {"status",
     "Examples:\n"
     "  simsyncd status\n"
     "  simsyncd status --output json | jq '.[] | {project, complete_walk_age_s}'"},
    {"explain",
     "Examples:\n"
     "  simsyncd explain sim_0SNlurA049MEWV1BAAmWZULA4lf6\n"
     "  simsyncd explain 89883070000007537119 --all\n"
     "Exit codes: 0 it is known; 1 no SIM has this id or ICCID."},
    {"report",
     "A TIME is 2026-03-01, '2026-03-01 14:00', 2026-03-01T14:00:00Z or with +02:00, 7d, 24h or 30m\n"
     "(ago), now, today or yesterday; without a zone it is in this machine's.\n"
     "Examples:\n"
     "  simsyncd report inventory --at 2026-03-01\n"
     "  simsyncd report transitions --since 7d --provider p3 --output csv\n"
     "  simsyncd report stock"},
    {"alerts test",
     "Examples:\n"
     "  simsyncd alerts test profile-gone --since 30d\n"
     "  simsyncd alerts test profile-gone --send"},
    {"alerts list",
     "Examples:\n"
     "  simsyncd alerts list --state dead"},
    {"alerts retry",
     "Examples:\n"
     "  simsyncd alerts retry --channel ops"},
    {"approve",
     "Examples:\n"
     "  simsyncd approve 4711"},
};

}  // namespace

std::string_view help_footer(std::string_view command) {
  const auto* const found = std::ranges::find(kFooters, command, &Footer::command);
  return found == std::end(kFooters) ? std::string_view{} : found->text;
}

}  // namespace simsync
