// What people see, and that no text from outside becomes more than text.
#include "daemon/http/status_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include "daemon/alerts/base64.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const TimePoint kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 28} + 22h;

ProjectFigures some_project(const std::string& id) {
  ProjectFigures project;
  project.project = id;
  project.host = "here";
  project.sims = 1234567;
  project.profiles = 100;
  project.last_complete_walk = kNow - 3min;
  project.last_walk = {kNow - 3min, "complete", ""};
  return project;
}

std::string page_of(const ProjectFigures& project, std::vector<std::string> unready = {}) {
  Figures figures;
  figures.projects = {project};
  figures.read_at = kNow;
  figures.age = 1s;
  return status_page(figures, {{project.project}, 15min, "here", "1.2.3", std::move(unready)}, kNow);
}

TEST(StatusPage, ShowsHowAProjectIsDoing) {
  ProjectFigures project = some_project("acme");
  project.overdue = 7;
  project.alerts_pending = kMostAlerts;
  EXPECT_THAT(page_of(project),
              AllOf(HasSubstr("1,234,567"), HasSubstr("3 min ago"), HasSubstr("2026-11-28 21:57:00 UTC"),
                    HasSubstr(">7<"), HasSubstr("1,000 or more"), HasSubstr("here (here)"), HasSubstr("Up to date"),
                    HasSubstr("complete"), HasSubstr("1.2.3")));
}

TEST(StatusPage, ShowsWhatIsWrong) {
  ProjectFigures project = some_project("acme");
  project.last_walk = {kNow - 1min, "failed", "the API answers 500"};
  project.last_complete_walk = kNow - 1h;
  project.poll_error = "GET profile: 500";
  project.host.clear();
  project.held_back = 77;
  EXPECT_THAT(page_of(project, {"acme: late"}),
              AllOf(HasSubstr("<li>acme: late</li>"), HasSubstr("the API answers 500"), HasSubstr("GET profile: 500"),
                    HasSubstr("class=\"bad\">60 min ago"), HasSubstr("nobody"),
                    HasSubstr("77 disappearances held back"), Not(HasSubstr("Up to date"))));
}

TEST(StatusPage, ShowsWhatIsNotKnownAsThat) {
  const std::string page = status_page(Figures{}, {{"acme"}, 15min, "here", "1", {"database: away"}}, kNow);
  EXPECT_THAT(page, AllOf(HasSubstr("acme"), HasSubstr("not known"), HasSubstr("has not answered yet")));
  ProjectFigures never;
  never.project = "acme";
  EXPECT_THAT(page_of(never), HasSubstr("none yet"));
}

TEST(StatusPage, EscapesAllThatIsNotOurs) {
  const std::string evil = "<script>alert('x')</script>\"&amp;\x01\n";
  ProjectFigures project = some_project(evil);
  project.host = evil;
  project.last_walk = {kNow, evil, evil + std::string(5000, 'e')};
  project.poll_error = evil;
  Figures figures;
  figures.projects = {project};
  figures.read_at = kNow;
  const std::string page = status_page(figures, {{evil, evil + "2"}, 15min, evil, evil, {evil}}, kNow);
  EXPECT_THAT(page, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("alert('")), Not(HasSubstr("\x01")),
                          HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;amp;")));
  EXPECT_LT(page.size(), 12'000U) << "an error is as long as it likes";
}

TEST(StatusPage, LoadsNothing) {
  const std::string page = page_of(some_project("acme"));
  for (const char* loader : {"<script", "src=", "href=", "url(", "@import", " style=\"", "http:", "https:"}) {
    EXPECT_THAT(page, Not(HasSubstr(loader)));
  }
}

// A browser computes this of what stands between the tags; where it differs the page has no style.
TEST(StatusPage, ItsPolicyAllowsItsStyle) {
  const std::string page = page_of(some_project("acme"));
  const std::size_t begin = page.find("<style>") + 7;
  const std::string style = page.substr(begin, page.find("</style>") - begin);
  std::string digest(SHA256_DIGEST_LENGTH, 0);
  SHA256(reinterpret_cast<const unsigned char*>(style.data()), style.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  EXPECT_THAT(status_page_policy(),
              AllOf(HasSubstr("default-src 'none'"), HasSubstr("style-src 'sha256-" + to_base64(digest) + "'")));
}

}  // namespace
}  // namespace simsync
