#include "tests/bench/network_floor.h"

#include <httplib.h>

#include <stdexcept>

namespace simsync::bench {
namespace {

// The cursor of the page behind this one; empty at the end of the list.
std::string next_cursor(const std::string& page) {
  static constexpr std::string_view kMember = "\"moreItemsAfter\":";
  const std::size_t at = page.rfind(kMember);
  if (at == std::string::npos) throw std::runtime_error("a page of the list does not say whether there is more");
  const std::size_t value = at + kMember.size();
  if (page[value] != '"') return {};
  return page.substr(value + 1, page.find('"', value + 1) - value - 1);
}

}  // namespace

NetworkFloor::NetworkFloor(const test::Simulator& simulator) : simulator_(simulator) {
  const auto& project = simulator.options().projects.front();
  httplib::Client client{simulator.base_url()};
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  client.set_bearer_token_auth(project.token);
  const std::string list = "/projects/" + project.id + "/sims?status=inactive,active,retired&limit=200";
  std::string cursor;
  do {
    cursors_ += cursor + '\n';
    ++pages_;
    const httplib::Result page = client.Get(list + (cursor.empty() ? "" : "&after=" + cursor));
    if (!page || page->status != 200) throw std::runtime_error("the simulator's list cannot be read");
    cursor = next_cursor(page->body);
  } while (!cursor.empty());
  test::write_file(folder_.file("all"), cursors_);
}

RunFigures NetworkFloor::run(unsigned connections, const std::string& cursor_file) const {
  const auto& project = simulator_.options().projects.front();
  const std::string log = folder_.file("log");
  const RunFigures figures = run_measured(
      {SIMSYNC_HTTP_FLOOR, simulator_.base_url(), project.id, project.token, std::to_string(connections), cursor_file},
      log);
  if (figures.exit_code != 0) throw std::runtime_error("the network floor failed: " + test::read_file(log));
  return figures;
}

RunFigures NetworkFloor::all(unsigned connections) const {
  return run(connections, folder_.file("all"));
}

RunFigures NetworkFloor::some(unsigned connections, std::size_t pages) const {
  std::size_t end = 0;
  for (std::size_t i = 0; i < pages; ++i) end = cursors_.find('\n', end) + 1;
  test::write_file(folder_.file("some"), cursors_.substr(0, end));
  return run(connections, folder_.file("some"));
}

}  // namespace simsync::bench
