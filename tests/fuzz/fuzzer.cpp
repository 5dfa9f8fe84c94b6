// libFuzzer's way into the target SIMSYNC_TARGET.
#include <cstddef>
#include <cstdint>

#include "config/log.h"
#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerInitialize(int* /*count*/, char*** /*arguments*/) {
  simsync::log::configure({simsync::LogLevel::error, simsync::LogFormat::text});
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  simsync::fuzz::SIMSYNC_TARGET({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
