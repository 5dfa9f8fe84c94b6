// The network floor: fetches list pages over keep-alive connections and throws the bodies away. It parses nothing, so
// it is told the pages' cursors; each connection takes the next one that no other has taken.
//   simsync-http-floor URL PROJECT TOKEN CONNECTIONS CURSORS    CURSORS: a file, one a line, an empty one is the head
#include <httplib.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Order {
  std::string url;
  std::string pages;  // the list's path, but for the cursor
  httplib::Headers headers;
  std::vector<std::string> cursors;
  std::atomic<std::size_t> next = 0;
  std::atomic<std::size_t> bytes = 0;
  std::atomic<bool> failed = false;
};

std::vector<std::string> lines_of(const std::string& file) {
  std::vector<std::string> lines;
  std::ifstream stream{file};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// One connection, to the end of the list.
void fetch(Order& order) {
  httplib::Client client{order.url};
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  client.set_url_encode(false);
  std::size_t bytes = 0;
  for (std::size_t i = 0; (i = order.next++) < order.cursors.size() && !order.failed;) {
    const std::string& cursor = order.cursors[i];
    const std::string path = order.pages + (cursor.empty() ? "" : "&after=" + cursor);
    const httplib::Result result = client.Get(path, order.headers, [&bytes](const char*, std::size_t size) {
      bytes += size;
      return true;
    });
    if (!result || result->status != 200) order.failed = true;
  }
  order.bytes += bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "simsync-http-floor: wants URL PROJECT TOKEN CONNECTIONS CURSORS\n";
    return 2;
  }
  Order order;
  order.url = argv[1];
  order.pages = "/projects/" + std::string{argv[2]} + "/sims?status=inactive,active,retired&limit=200";
  order.headers = {{"Authorization", "Bearer " + std::string{argv[3]}},
                   {"Accept", "application/json"},
                   {"Accept-Encoding", "identity"}};
  order.cursors = lines_of(argv[5]);
  const auto started = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::stoul(argv[4]); ++i) threads.emplace_back([&order] { fetch(order); });
  }
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  const double cpu = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  std::printf("%zu pages, %zu bytes, %.3f s wall, %.3f s CPU\n", order.cursors.size(), order.bytes.load(), wall, cpu);
  return order.failed || order.cursors.empty() ? 1 : 0;
}
