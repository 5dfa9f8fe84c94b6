// The certificate and key as they are in their files: read anew for the next connection when the certificate's file was
// replaced. To move both in one step let them be one file, and rename another over it. Safe from any thread.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

namespace simsync::simulator {

class TlsFiles {
 public:
  // Reads them. Throws boost::system::system_error or std::filesystem::filesystem_error when they cannot be used.
  TlsFiles(std::string certificate, std::string key);

  // What a connection that begins now is served with; it holds its part of it. Throws as the constructor does.
  std::shared_ptr<boost::asio::ssl::context> current();

 private:
  void read();

  const std::string certificate_;
  const std::string key_;
  std::mutex mutex_;
  std::filesystem::file_time_type of_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace simsync::simulator
