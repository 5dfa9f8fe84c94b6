#include "tests/bench/figures.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace simsync::bench {

std::string number(double value, int digits, const std::string& unit) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data() + (unit.empty() ? "" : " " + unit);
}

void print(const std::vector<Figure>& figures) {
  const std::array<std::string, 5> head = {"figure", "measured", "floor or peer", "ratio", "aim"};
  std::vector<std::array<std::string, 5>> rows = {head};
  for (const Figure& figure : figures) {
    rows.push_back({figure.what, figure.value, figure.beside, figure.ratio, figure.aim});
  }
  std::array<std::size_t, 5> widths{};
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line = "|";
    for (std::size_t i = 0; i < row.size(); ++i)
      line += ' ' + row[i] + std::string(widths[i] - row[i].size(), ' ') + " |";
    std::puts(line.c_str());
    if (&row == &rows.front()) {
      std::string rule = "|";
      for (const std::size_t width : widths) rule += std::string(width + 2, '-') + '|';
      std::puts(rule.c_str());
    }
  }
}

}  // namespace simsync::bench
