#include "tests/support/certificate.h"

#include <stdexcept>

namespace simsync::test {
namespace {

void openssl(const std::string& stem, std::vector<std::string> arguments) {
  const Outcome outcome = Process{
      {.program = "openssl",
       .arguments = std::move(arguments),
       .environment = {},
       .out_file = stem + ".out",
       .err_file =
           stem + ".err"}}.finish(std::chrono::minutes{1});
  if (outcome.status != 0) throw std::runtime_error("openssl made no certificate: " + outcome.err);
}

Certificate signed_by(const std::vector<std::string>& signer, const std::string& stem, const std::string& subject,
                      const std::string& names) {
  Certificate certificate{stem + ".crt", stem + ".key"};
  std::vector<std::string> arguments = {
      "req",           "-x509", "-newkey",       "ec",    "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
      "-days",         "2",     "-subj",         subject, "-addext",  "subjectAltName=" + names, "-keyout",
      certificate.key, "-out",  certificate.file};
  arguments.insert(arguments.end(), signer.begin(), signer.end());
  openssl(stem, arguments);
  return certificate;
}

Certificate self_signed(const std::string& stem, const std::string& subject, const std::string& names) {
  return signed_by({}, stem, subject, names);
}

}  // namespace

Certificate make_certificate(const TempDir& directory, const std::string& names) {
  return self_signed(directory.file("tls" + std::to_string(names.size())), "/CN=simsyncd test", names);
}

Certificate make_certificate_of(const Certificate& authority, const TempDir& directory, const std::string& names) {
  return signed_by({"-CA", authority.file, "-CAkey", authority.key, "-addext", "basicConstraints=CA:FALSE"},
                   directory.file("signed"), "/CN=simsyncd test server", names);
}

Certificate make_client_certificate(const TempDir& directory, const std::string& role) {
  return self_signed(directory.file("client_" + role), "/CN=" + role, "DNS:" + role);
}

// Only `openssl ca` takes dates, and it wants a small authority around it.
Certificate make_expired_certificate(const TempDir& directory, const std::string& names) {
  const std::string stem = directory.file("expired");
  Certificate certificate = self_signed(stem, "/CN=simsyncd test", names);
  write_file(stem + ".index", "");
  write_file(stem + ".serial", "01\n");
  write_file(stem + ".cnf", "[ca]\ndefault_ca = own\n[own]\nnew_certs_dir = " + directory.path() +
                                "\ndatabase = " + stem + ".index\nserial = " + stem +
                                ".serial\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n"
                                "[names]\nsubjectAltName = " +
                                names + "\nbasicConstraints = CA:TRUE\n");
  openssl(stem, {"req", "-new", "-key", certificate.key, "-subj", "/CN=simsyncd test", "-out", stem + ".csr"});
  openssl(stem, {"ca", "-batch", "-selfsign", "-notext", "-config", stem + ".cnf", "-extensions", "names", "-keyfile",
                 certificate.key, "-in", stem + ".csr", "-startdate", "20200101000000Z", "-enddate", "20200201000000Z",
                 "-out", certificate.file});
  return certificate;
}

}  // namespace simsync::test
