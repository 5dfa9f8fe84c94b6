#include "tests/support/certificate.h"

#include <stdexcept>

namespace simsync::test {

Certificate make_certificate(const TempDir& directory, const std::string& names) {
  const std::string stem = directory.file("tls" + std::to_string(names.size()));
  const Certificate certificate{stem + ".crt", stem + ".key"};
  const Outcome outcome = Process{
      {.program = "openssl",
       .arguments = {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-subj", "/CN=simsyncd test", "-addext", "subjectAltName=" + names, "-keyout", certificate.key,
                     "-out", certificate.file},
       .environment = {},
       .out_file = stem + ".out",
       .err_file =
           stem + ".err"}}.finish(std::chrono::minutes{1});
  if (outcome.status != 0) throw std::runtime_error("openssl made no certificate: " + outcome.err);
  return certificate;
}

}  // namespace simsync::test
