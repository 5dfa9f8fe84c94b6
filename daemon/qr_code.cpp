#include "daemon/qr_code.h"

#include <qrencode.h>

#include <cstring>
#include <memory>
#include <utility>

namespace simsync {
namespace {

// Of the 256 colours those that no theme changes; these are no decoration, a scanner needs them.
constexpr char kBlackOnWhite[] = "\033[38;5;16;48;5;231m";
constexpr char kPlain[] = "\033[m";

const char* half_blocks(bool above, bool below) {
  if (above) return below ? "█" : "▀";
  return below ? "▄" : " ";
}

struct Wiped {
  void operator()(QRcode* code) const {
    explicit_bzero(code->data, static_cast<std::size_t>(code->width) * static_cast<std::size_t>(code->width));
    QRcode_free(code);
  }
};

}  // namespace

std::optional<QrCode> QrCode::of(std::string_view text) {
  constexpr std::size_t kMost = 2331;  // bytes, at the level below
  if (text.empty() || text.size() > kMost) return std::nullopt;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const std::unique_ptr<QRcode, Wiped> code{QRcode_encodeData(static_cast<int>(text.size()), bytes, 0, QR_ECLEVEL_M)};
  if (!code) return std::nullopt;
  const auto modules = static_cast<std::size_t>(code->width) * static_cast<std::size_t>(code->width);
  return QrCode{code->width, {code->data, code->data + modules}};
}

QrCode::QrCode(QrCode&& other) noexcept : size_(other.size_), modules_(std::move(other.modules_)) {}

QrCode::~QrCode() {
  if (!modules_.empty()) explicit_bzero(modules_.data(), modules_.size());
}

bool QrCode::dark(int x, int y) const {
  x -= kQuietZone;
  y -= kQuietZone;
  if (x < 0 || y < 0 || x >= size_ || y >= size_) return false;
  return (modules_[static_cast<std::size_t>(y) * static_cast<std::size_t>(size_) + static_cast<std::size_t>(x)] & 1U) !=
         0;
}

std::string drawn(const QrCode& code, bool colours) {
  std::string text;
  for (int y = 0; y < code.width(); y += 2) {
    if (colours) text += kBlackOnWhite;
    for (int x = 0; x < code.width(); ++x) text += half_blocks(code.dark(x, y), code.dark(x, y + 1));
    if (colours) text += kPlain;
    text += '\n';
  }
  return text;
}

}  // namespace simsync
