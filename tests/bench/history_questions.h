// The questions that analysts ask each view, with the aim of each.
#pragma once

#include <array>

namespace simsync::bench {

struct Question {
  const char* what;
  const char* sql;
  double aim;  // milliseconds; 0: none
};

constexpr double kAtOnce = 100;
constexpr double kThePast = 2000;

// $SIM is the id of a SIM with a profile.
constexpr std::array kQuestions = {
    Question{"inventory, one SIM", "SELECT * FROM simsync.inventory WHERE project = 'acme' AND sim_id = '$SIM'",
             kAtOnce},
    Question{"inventory, active SIMs of a provider counted",
             "SELECT count(*) FROM simsync.inventory WHERE project = 'acme' AND provider = 'p3' AND status = 'active'",
             kAtOnce},
    Question{"inventory_summary", "SELECT * FROM simsync.inventory_summary", kAtOnce},
    Question{"transition, last 24 hours",
             "SELECT * FROM simsync.transition WHERE observed_at >= now() - interval '1 day'", kAtOnce},
    Question{"transition, one SIM",
             "SELECT * FROM simsync.transition WHERE project = 'acme' AND sim_id = '$SIM' ORDER BY observed_at",
             kAtOnce},
    Question{"transition_daily, 30 days by provider",
             "SELECT day, provider, sum(transitions) FROM simsync.transition_daily WHERE day >= current_date - 30 "
             "GROUP BY day, provider",
             kAtOnce},
    Question{"transition_daily, 30 days of a provider",
             "SELECT day, what, sum(transitions) FROM simsync.transition_daily WHERE day >= current_date - 30 "
             "AND project = 'acme' AND provider = 'p3' GROUP BY day, what",
             kAtOnce},
    Question{"profile_dwell", "SELECT * FROM simsync.profile_dwell", kAtOnce},
    Question{"profile_stay, one SIM", "SELECT * FROM simsync.profile_stay WHERE project = 'acme' AND sim_id = '$SIM'",
             kAtOnce},
    Question{"stuck_profile, longest first", "SELECT * FROM simsync.stuck_profile ORDER BY stuck_for DESC", kAtOnce},
    Question{"stock", "SELECT * FROM simsync.stock", kAtOnce},
    Question{"freshness", "SELECT * FROM simsync.freshness", kAtOnce},
    Question{"coverage_gap", "SELECT * FROM simsync.coverage_gap", kAtOnce},
    Question{"sim_change, who changed a metadata key in 7 days",
             "SELECT sim_id, observed_at, new_value::jsonb ->> 'tariff' FROM simsync.sim_change "
             "WHERE field = 'metadata' AND observed_at >= now() - interval '7 days' "
             "AND old_value::jsonb -> 'tariff' IS DISTINCT FROM new_value::jsonb -> 'tariff'",
             kAtOnce},
    Question{"inventory_at 30 days ago, a provider counted",
             "SELECT count(*) FROM simsync.inventory_at(now() - interval '30 days') "
             "WHERE project = 'acme' AND provider = 'p3'",
             kThePast},
    Question{"inventory_at 1 month ago, a provider's SIMs",
             "SELECT * FROM simsync.inventory_at(now() - interval '1 month') WHERE provider = 'p3'", kThePast},
    Question{"inventory_at 1 year ago, a provider's SIMs",
             "SELECT * FROM simsync.inventory_at(now() - interval '1 year') WHERE provider = 'p3'", kThePast},
    Question{"inventory_at 3 years ago, a provider's SIMs",
             "SELECT * FROM simsync.inventory_at(now() - interval '3 years' + interval '2 days') WHERE provider = 'p3'",
             kThePast},
    Question{"inventory_at the end of last month, all counted",
             "SELECT provider, status, count(*) FROM simsync.inventory_at(date_trunc('month', now())) "
             "GROUP BY provider, status",
             0},
};

}  // namespace simsync::bench
