// A text as a QR code, and how a terminal shows it. The only file that knows libqrencode.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simsync {

// Wipes itself: what it holds may be a secret.
class QrCode {
 public:
  // The light border that scanners need around a code, in modules.
  static constexpr int kQuietZone = 4;

  // nullopt for a text that is empty, or too long for a code (some 2,300 bytes).
  static std::optional<QrCode> of(std::string_view text);
  ~QrCode();
  QrCode(QrCode&& other) noexcept;
  QrCode(const QrCode&) = delete;
  QrCode& operator=(const QrCode&) = delete;
  QrCode& operator=(QrCode&&) = delete;

  // Modules on a side, with the border.
  [[nodiscard]] int width() const { return size_ + 2 * kQuietZone; }
  // From the top left corner of the border; what lies outside is light.
  [[nodiscard]] bool dark(int x, int y) const;

 private:
  QrCode(int size, std::vector<unsigned char> modules) : size_(size), modules_(std::move(modules)) {}

  int size_;  // without the border
  std::vector<unsigned char> modules_;
};

// Two modules one above the other in a character, so that they are square. With `colours` black on white, whatever the
// terminal's own are; without, dark modules are drawn, as on paper.
std::string drawn(const QrCode& code, bool colours);

}  // namespace simsync
