#include "daemon/http/status_page.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "config/printable.h"
#include "daemon/alerts/base64.h"
#include "daemon/http/readiness.h"

namespace simsync {
namespace {

constexpr std::size_t kLongestError = 300;  // bytes

constexpr char kStyle[] = R"(
:root { color-scheme: light dark; --text: #1b1f24; --soft: #59636e; --line: #d5dae0; --back: #fff; --good: #14692f;
  --warn: #8a5300; --bad: #b3201f; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e9ed; --soft: #9aa4af; --line: #343b44; --back: #14171b; --good: #58c27a; --warn: #e0a53a;
    --bad: #ff7b72; }
}
body { margin: 0 auto; max-width: 76rem; padding: 1.2rem; background: var(--back); color: var(--text);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.25rem; margin: 0 0 .2rem; }
p { margin: .3rem 0; }
.soft { color: var(--soft); }
.good { color: var(--good); }
.warn { color: var(--warn); }
.bad { color: var(--bad); }
.good, .warn, .bad { font-weight: 600; }
ul { margin: .3rem 0 .8rem; padding-left: 1.2rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; vertical-align: top; padding: .45rem 1rem .45rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; font-size: .85rem; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td, li { overflow-wrap: anywhere; }
.error { display: block; font-weight: 400; }
@media (max-width: 50rem) {
  thead { display: none; }
  table, tbody, tr, th, td { display: block; }
  tbody tr { border-bottom: 1px solid var(--line); padding: .5rem 0; }
  tbody th, td, td.number { border: 0; padding: .1rem 0; text-align: left; white-space: normal; }
  td::before { content: attr(data-label) ": "; color: var(--soft); }
}
)";

struct Column {
  const char* name;
  bool number;
};

constexpr std::array<Column, 9> kColumns = {{{"Project", false},
                                             {"SIMs", true},
                                             {"Last complete walk", false},
                                             {"Last walk", false},
                                             {"Polled profiles", true},
                                             {"Overdue", true},
                                             {"Alerts waiting", true},
                                             {"Alerts given up", true},
                                             {"Machine", false}}};

// 1234567 as 1,234,567.
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t from_end = 3; from_end < text.size(); from_end += 4) text.insert(text.size() - from_end, 1, ',');
  return text;
}

std::string utc(TimePoint time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - day)};
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d UTC", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::string ago(TimePoint time, TimePoint now) {
  return rough_time(std::chrono::floor<std::chrono::milliseconds>(now - time)) + " ago";
}

std::string marked(const char* kind, const std::string& html) {
  return std::string{"<span class=\""} + kind + "\">" + html + "</span>";
}

std::string shown_error(const std::string& error) {
  if (error.empty()) return {};
  return "<span class=\"error\">" + escaped_html(shortened(error, kLongestError)) + "</span>";
}

// The cells of one row, in the order of kColumns.
class Row {
 public:
  void add(const std::string& html) {
    const Column& column = kColumns[next_++];
    if (next_ == 1) {
      html_ += "<th scope=\"row\">" + html + "</th>";
    } else {
      html_ += std::string{"<td data-label=\""} + column.name + "\"" + (column.number ? " class=\"number\"" : "") +
               ">" + html + "</td>";
    }
  }
  void add_count(std::uint64_t count, const char* kind_if_any, std::uint64_t most = UINT64_MAX) {
    const std::string text = grouped(count) + (count >= most ? " or more" : "");
    add(count > 0 && kind_if_any != nullptr ? marked(kind_if_any, text) : text);
  }
  [[nodiscard]] std::string html() const { return "<tr>" + html_ + "</tr>\n"; }

 private:
  std::size_t next_ = 0;
  std::string html_;
};

std::string complete_walk(const ProjectFigures& project, const PageContext& context, TimePoint now) {
  if (!project.last_complete_walk) return marked("warn", "none yet");
  const bool late = now - *project.last_complete_walk > 2 * context.walk_interval;
  return marked(late ? "bad" : "good", ago(*project.last_complete_walk, now)) + " <span class=\"soft\">" +
         utc(*project.last_complete_walk) + "</span>";
}

std::string last_walk(const ProjectFigures& project, TimePoint now) {
  if (!project.last_walk) return marked("warn", "none yet");
  const auto& walk = *project.last_walk;
  const char* kind = walk.outcome == "complete" ? "good" : walk.outcome == "incomplete" ? "warn" : "bad";
  std::string html = marked(kind, escaped_html(walk.outcome)) + " <span class=\"soft\">" + ago(walk.finished_at, now) +
                     "</span>" + shown_error(walk.error);
  if (project.held_back > 0) {
    html += "<span class=\"error bad\">" + grouped(project.held_back) + " disappearances held back</span>";
  }
  return html;
}

std::string row_of(const ProjectFigures& project, const PageContext& context, TimePoint now) {
  Row row;
  row.add(escaped_html(project.project));
  row.add_count(project.sims, nullptr);
  row.add(complete_walk(project, context, now));
  row.add(last_walk(project, now));
  row.add_count(project.profiles, nullptr);
  row.add(project.poll_error.empty()
              ? (project.overdue > 0 ? marked("warn", grouped(project.overdue)) : grouped(project.overdue))
              : marked("bad", grouped(project.overdue)) + shown_error("polls fail: " + project.poll_error));
  row.add_count(project.alerts_pending, "warn", kMostAlerts);
  row.add_count(project.alerts_dead, "bad", kMostAlerts);
  row.add(project.host.empty()                ? marked("bad", "nobody")
          : project.host == context.this_host ? escaped_html(project.host) + " (here)"
                                              : escaped_html(project.host));
  return row.html();
}

std::string unknown_row(const std::string& project) {
  Row row;
  row.add(escaped_html(project));
  for (std::size_t i = 1; i < kColumns.size(); ++i) row.add("<span class=\"soft\">not known</span>");
  return row.html();
}

std::string table(const Figures& figures, const PageContext& context, TimePoint now) {
  std::string html = "<table>\n<thead><tr>";
  for (const Column& column : kColumns) {
    html += std::string{"<th scope=\"col\""} + (column.number ? " class=\"number\"" : "") + ">" + column.name + "</th>";
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const std::string& id : context.projects) {
    const auto found = std::ranges::find(figures.projects, id, &ProjectFigures::project);
    html += found == figures.projects.end() ? unknown_row(id) : row_of(*found, context, now);
  }
  return html + "</tbody>\n</table>\n";
}

std::string summary(const PageContext& context) {
  if (context.unready.empty()) return "<p class=\"good\">Up to date</p>\n";
  std::string html = "<p class=\"bad\">Needs attention</p>\n<ul>\n";
  for (const std::string& reason : context.unready) html += "<li>" + escaped_html(reason) + "</li>\n";
  return html + "</ul>\n";
}

}  // namespace

std::string status_page(const Figures& figures, const PageContext& context, TimePoint now) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"refresh\" content=\"15\">\n<title>simsyncd on " +
      escaped_html(context.this_host) + "</title>\n<style>" + kStyle + "</style>\n</head>\n<body>\n<h1>simsyncd on " +
      escaped_html(context.this_host) + "</h1>\n";
  html += summary(context);
  html +=
      "<p class=\"soft\">" +
      (figures.read_at ? "As of " + utc(*figures.read_at) +
                             (figures.age && *figures.age > kPresent ? ", " + rough_time(*figures.age) + " ago" : "")
                       : std::string{"The database has not answered yet"}) +
      "; this page loads itself anew every 15 s.</p>\n";
  html += table(figures, context, now);
  html += "<p class=\"soft\">simsyncd " + escaped_html(context.version) +
          ". For programs: /metrics, /healthz, /readyz. On a terminal: simsyncd status.</p>\n</body>\n</html>\n";
  return html;
}

std::string status_page_policy() {
  const std::string_view style{kStyle};
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(reinterpret_cast<const unsigned char*>(style.data()), style.size(), digest.data());
  const std::string hash = to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
  return "default-src 'none'; style-src 'sha256-" + hash +
         "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

std::string escaped_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace simsync
