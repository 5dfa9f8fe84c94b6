#include "storage/pg_text.h"

#include <chrono>
#include <cstdlib>
#include <utility>

namespace simsync {
namespace {

void append_digits(std::string& text, std::uint64_t value, int width) {
  char digits[20];
  for (int i = width - 1; i >= 0; --i) {
    digits[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  text.append(digits, static_cast<std::size_t>(width));
}

void append_time(std::string& text, TimePoint time) {
  using namespace std::chrono;
  const sys_days day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  append_digits(text, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  text += '-';
  append_digits(text, static_cast<unsigned>(date.month()), 2);
  text += '-';
  append_digits(text, static_cast<unsigned>(date.day()), 2);
  text += ' ';
  append_digits(text, static_cast<std::uint64_t>(clock.hours().count()), 2);
  text += ':';
  append_digits(text, static_cast<std::uint64_t>(clock.minutes().count()), 2);
  text += ':';
  append_digits(text, static_cast<std::uint64_t>(clock.seconds().count()), 2);
  if (clock.subseconds().count() != 0) {
    text += '.';
    append_digits(text, static_cast<std::uint64_t>(clock.subseconds().count()), 6);
  }
  text += "+00";
}

}  // namespace

void TextArray::append(std::string_view element) {
  if (text_.size() > 1) text_ += ',';
  text_ += '"';
  constexpr std::string_view kSpecial{"\"\\\0", 3};
  std::size_t done = 0;
  for (std::size_t at = element.find_first_of(kSpecial); at != std::string_view::npos;
       at = element.find_first_of(kSpecial, at + 1)) {
    text_.append(element, done, at - done);
    if (element[at] == '\0') {
      text_ += "\xEF\xBF\xBD";
    } else {
      text_ += '\\';
      text_ += element[at];
    }
    done = at + 1;
  }
  text_.append(element, done);
  text_ += '"';
}

std::string TextArray::take() {
  text_ += '}';
  std::string literal(1, '{');
  literal.swap(text_);
  return literal;
}

std::string to_pg(TimePoint time) {
  std::string text;
  append_time(text, time);
  return text;
}

TimePoint from_epoch(std::int64_t microseconds) {
  return TimePoint{std::chrono::microseconds{microseconds}};
}

}  // namespace simsync
