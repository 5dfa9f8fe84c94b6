#include "daemon/qr_png.h"

#include <fcntl.h>
#include <png.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "config/printable.h"

namespace simsync {
namespace {

constexpr int kModule = 8;  // pixels

std::string why() {
  return errno == EEXIST ? "there is such a file already; name another one, or remove it" : std::strerror(errno);
}

// A byte for each pixel, as libpng's simplified interface takes it; black is 0.
std::vector<std::uint8_t> pixels_of(const QrCode& code) {
  const int side = code.width() * kModule;
  std::vector<std::uint8_t> pixels;
  pixels.reserve(static_cast<std::size_t>(side) * static_cast<std::size_t>(side));
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) pixels.push_back(code.dark(x / kModule, y / kModule) ? 0 : 255);
  }
  return pixels;
}

}  // namespace

QrPng::QrPng(const std::string& path) : path_(path) {
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file_ < 0) throw QrPngError("--png " + in_quotes(path) + ": " + why());
}

QrPng::~QrPng() {
  if (file_ >= 0) ::close(file_);
  if (!written_) ::unlink(path_.c_str());
}

void QrPng::write(const QrCode& code) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height = static_cast<png_uint_32>(code.width() * kModule);
  image.format = PNG_FORMAT_GRAY;
  std::vector<std::uint8_t> pixels = pixels_of(code);
  std::FILE* const stream = ::fdopen(file_, "wb");
  bool good = stream != nullptr;
  if (good) {
    file_ = -1;  // the stream's now
    good = png_image_write_to_stdio(&image, stream, 0, pixels.data(), 0, nullptr) != 0 && std::fflush(stream) == 0 &&
           ::fsync(::fileno(stream)) == 0;
    good = std::fclose(stream) == 0 && good;
  }
  explicit_bzero(pixels.data(), pixels.size());
  if (!good) throw QrPngError("--png " + in_quotes(path_) + ": it could not be written: " + why());
  written_ = true;
}

}  // namespace simsync
