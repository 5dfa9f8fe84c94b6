// A QR code as a PNG file that only its owner may read. The only file that knows libpng.
#pragma once

#include <stdexcept>
#include <string>

#include "daemon/qr_code.h"

namespace simsync {

// Why the file cannot be written, as a sentence that names it.
class QrPngError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A file of mode 0600 that was not there before; removed again unless a code is written to it.
class QrPng {
 public:
  // Makes it, empty. Throws QrPngError, also where there is something of that name.
  explicit QrPng(const std::string& path);
  ~QrPng();
  QrPng(const QrPng&) = delete;
  QrPng& operator=(const QrPng&) = delete;

  // Once. Throws QrPngError.
  void write(const QrCode& code);

 private:
  const std::string path_;
  int file_ = -1;
  bool written_ = false;
};

}  // namespace simsync
