#include "tests/simulator/fault_effects.h"

#include <algorithm>
#include <memory>

#include "tests/simulator/timestamps.h"

namespace simsync::simulator {
namespace {

// The last member of this name in the text, or npos: what a metadata key may be called comes before it.
std::size_t last_member(const std::string& item, std::string_view name) {
  return item.rfind(std::string(1, '"').append(name).append("\":\""));
}

// Replaces the string value of the last member of this name by literal JSON text.
bool replace_value(std::string& item, std::string_view name, std::string_view literal) {
  const auto at = last_member(item, name);
  if (at == std::string::npos) return false;
  const auto value = at + name.size() + 3;
  const auto end = item.find('"', value + 1);
  if (end == std::string::npos) return false;
  item.replace(value, end + 1 - value, literal);
  return true;
}

bool replace_metadata(std::string& item, std::string_view literal) {
  static constexpr std::string_view kMember = R"("metadata":)";
  const auto at = item.find(kMember);
  const auto end = item.rfind(R"(,"createdAt":)");
  if (at == std::string::npos || end == std::string::npos || end < at) return false;
  item.replace(at + kMember.size(), end - at - kMember.size(), literal);
  return true;
}

bool remove_id(std::string& item) {
  const auto at = item.find(R"("id":")");
  const auto end = at == std::string::npos ? at : item.find("\",", at);
  if (end == std::string::npos) return false;
  item.erase(at, end + 2 - at);
  return true;
}

std::string nested(std::uint64_t depth) {
  std::string text;
  for (std::uint64_t i = 0; i < depth; ++i) text += R"({"a":)";
  text += "1";
  text.append(depth, '}');
  return text;
}

// `nth` counts the broken items of a page: with bad_item they lack their id and have a number for a status in turn.
bool edit_item(const FaultOrder& order, std::uint64_t nth, std::string& item) {
  switch (order.kind) {
    case FaultKind::bad_item:
      return nth % 2 == 0 ? remove_id(item) : replace_value(item, "status", "7");
    case FaultKind::bad_utf8:
      return replace_metadata(item, "{\"note\":\"bad \xc3\x28 \xff byte\"}");
    case FaultKind::deep_nesting:
      return replace_metadata(item, nested(order.depth));
    case FaultKind::nul_and_surrogates:
      return replace_metadata(item, R"({"nul":"a\u0000b","lone":"\ud800"})") &&
             replace_value(item, "provider", R"("p\u0000\ud800")");
    case FaultKind::unknown_status:
      return replace_value(item, "status", R"("suspended")");
    default:
      return false;
  }
}

std::string endless_piece() {
  std::string piece;
  while (piece.size() < 64 * 1024)
    piece +=
        R"({"object":"sim","id":"sim_0000000000000000000000000000","metadata":{},"createdAt":"2021-01-21T19:38:34Z"},)";
  return piece;
}

void make_endless(std::uint64_t bytes, Answer& answer) {
  answer.body.clear();
  answer.abort_stream = true;
  answer.stream = [left = bytes, started = false, piece = endless_piece()](std::string& out) mutable {
    if (!started) out += R"({"object":"list","items":[)";
    started = true;
    const auto size = std::min<std::uint64_t>(left, piece.size());
    out.append(piece, 0, size);
    left -= size;
    return left > 0;
  };
}

void make_status(const FaultOrder& order, Answer& answer) {
  static constexpr std::string_view kFromNow = "http-date+";
  const std::string_view code = order.status == 503 ? "serviceUnavailable" : order.status >= 500 ? "unknown" : "";
  make_error(answer, order.status, error_type(order.status), "Ordered by a test", code);
  if (order.status == 401) make_error(answer, 401, "unauthenticated", "Invalid authorization token");
  if (order.retry_after.empty()) return;
  std::string value = order.retry_after;
  if (value.starts_with(kFromNow))
    value = http_date(now_seconds() + std::chrono::seconds(std::atol(value.c_str() + kFromNow.size())));
  answer.headers += "Retry-After: " + value + "\r\n";
}

}  // namespace

bool replaces_answer(FaultKind kind) {
  return kind <= FaultKind::gone_cursor;
}

void replace_answer(const FaultOrder& order, Answer& answer) {
  answer.clear();
  switch (order.kind) {
    case FaultKind::status:
      return make_status(order, answer);
    case FaultKind::html:
      answer.content_type = "text/html; charset=utf-8";
      answer.body =
          "<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>\n";
      return;
    case FaultKind::redirect:
      answer.status = 302;
      answer.headers = "Location: " + order.location + "\r\n";
      return;
    default:
      return make_error(answer, order.status, error_type(order.status), "The cursor does not exist");
  }
}

bool edits_page(FaultKind kind) {
  return kind >= FaultKind::duplicate_item;
}

bool edit_page(const FaultOrder& order, std::string_view own_after, std::string_view first_id, PageDraft& page) {
  if (order.kind == FaultKind::empty_list) {
    page = PageDraft();
    return true;
  }
  if (order.kind == FaultKind::repeat_cursor) {
    page.more_after = own_after.empty() ? first_id : own_after;
    return !page.more_after->empty();
  }
  if (page.items.empty()) return false;
  if (order.kind == FaultKind::empty_page) {
    page.items.clear();
    return true;
  }
  if (order.kind == FaultKind::duplicate_item) {
    page.items.push_back(page.items[page.items.size() / 2]);
    return true;
  }
  // From the middle on, so that cursors and most of the page stay whole.
  const std::size_t count = std::min<std::size_t>(order.count, page.items.size());
  const std::size_t first = std::min(page.items.size() / 2, page.items.size() - count);
  bool done = false;
  for (std::size_t i = 0; i < count; ++i) done |= edit_item(order, i, page.items[first + i]);
  return done;
}

bool edit_resource(const FaultOrder& order, std::string& resource) {
  return edit_item(order, order.count - 1, resource);
}

void distort(const FaultOrder& order, Answer& answer) {
  switch (order.kind) {
    case FaultKind::reset:
      answer.delivery = Delivery::reset;
      return;
    case FaultKind::close:
      answer.delivery = Delivery::close;
      return;
    case FaultKind::truncate:
      answer.delivery = Delivery::truncate;
      return;
    case FaultKind::half_json:
      answer.body.resize(answer.body.size() / 2);
      return;
    case FaultKind::hang:
      answer.delivery = Delivery::hang;
      answer.pause_seconds = order.seconds;
      return;
    case FaultKind::slow_body:
      answer.delivery = Delivery::slow_body;
      answer.bytes_per_second = order.bytes_per_second;
      return;
    case FaultKind::slow_header:
      answer.delivery = Delivery::slow_header;
      answer.pause_seconds = order.interval_seconds;
      return;
    case FaultKind::endless_body:
      make_endless(order.bytes, answer);
      return;
    case FaultKind::wrong_object: {
      const auto at = order.level == "item" ? answer.body.find(R"("object":"sim")") : answer.body.find(R"("object":")");
      const auto end = at == std::string::npos ? at : answer.body.find('"', at + 10);
      if (end != std::string::npos) answer.body.replace(at, end + 1 - at, R"("object":"user")");
      return;
    }
    default:
      return;
  }
}

}  // namespace simsync::simulator
