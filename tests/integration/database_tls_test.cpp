// TLS to the database, with a real server and certificates of the test's own: what is accepted, and what people are
// told when it is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/certificate.h"
#include "tests/support/private_server.h"
#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kPassword[] = "sEcret-of-the-test";

class DatabaseTls : public testing::Test {
 protected:
  // The server speaks TLS with this certificate, from now on and only that, to those that pg_hba.conf's line lets in.
  void serve(const Certificate& certificate, const std::string& rule = "hostssl all all 127.0.0.1/32 trust",
             const std::string& client_authority = "") {
    own(certificate.file, "server.crt");
    own(certificate.key, "server.key");
    std::string settings = "ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\n";
    if (!client_authority.empty()) {
      own(client_authority, "clients.crt");
      settings += "ssl_ca_file = 'clients.crt'\n";
    }
    write_file(data("postgresql.auto.conf"), settings);
    write_file(data("pg_hba.conf"), "local all all trust\n" + rule + "\n");
    server_.stop();
    server_.start();
  }

  void own(const std::string& from, const std::string& name) {
    write_file(data(name), read_file(from), 0600);
    struct stat status {};
    ASSERT_EQ(stat(data("PG_VERSION").c_str(), &status), 0);
    ASSERT_EQ(chown(data(name).c_str(), status.st_uid, status.st_gid), 0);
  }
  [[nodiscard]] std::string data(const std::string& name) const { return server_.folder() + "/data/" + name; }

  // As user of that host, with further parameters.
  Outcome check(const std::string& host, const std::string& parameters) {
    const std::string server = server_.url();
    const std::string port = server.substr(server.rfind(':'), server.rfind('/') - server.rfind(':'));
    Settings settings;
    settings.base_url = simulator_.base_url();
    settings.projects = simulator_.options().projects;
    settings.database_url =
        "postgresql://postgres:" + std::string{kPassword} + "@" + host + port + "/postgres?" + parameters;
    Outcome outcome = Daemon{settings}.run({"check"});
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr(kPassword)));
    return outcome;
  }
  void expect_advice(const Outcome& outcome, const std::string& error, const std::string& advice) {
    EXPECT_EQ(outcome.status, 4) << outcome.out;
    EXPECT_THAT(outcome.out, HasSubstr(error));
    EXPECT_THAT(outcome.out, HasSubstr(advice));
    EXPECT_EQ(outcome.err_lines().size(), 1U) << outcome.err;
  }

  TempDir files_;
  Simulator simulator_{{.projects = {{.sims = 3}}}};
  PrivateServer server_;
};

TEST_F(DatabaseTls, VerifiedAndShown) {
  const Certificate certificate = make_certificate(files_, "DNS:localhost");
  serve(certificate);
  const Outcome outcome = check("localhost", "sslmode=verify-full&sslrootcert=" + certificate.file);
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, testing::ContainsRegex("PostgreSQL [0-9.]+, TLSv1\\.[23], schema"));
}

TEST_F(DatabaseTls, SaysThatItIsNotEncrypted) {
  const Outcome outcome = check("127.0.0.1", "");
  EXPECT_EQ(outcome.status, 0) << outcome.out;
  EXPECT_THAT(outcome.out, testing::ContainsRegex("PostgreSQL [0-9.]+, not encrypted, schema"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("TLS is not required"))) << "it does not leave the machine";
}

TEST_F(DatabaseTls, NoTlsWhereItIsRequired) {
  expect_advice(check("localhost", "sslmode=require"), "server does not support SSL", "switch ssl on");
}

TEST_F(DatabaseTls, UnknownAuthority) {
  serve(make_certificate(files_, "DNS:localhost"));
  const Certificate other = make_certificate(files_, "DNS:localhost,DNS:other");
  expect_advice(check("localhost", "sslmode=verify-full&sslrootcert=" + other.file), "certificate verify failed",
                "sslrootcert");
  expect_advice(check("localhost", "sslmode=verify-full&sslrootcert=/nowhere.crt"), "root certificate file",
                "give database.url sslrootcert");
}

TEST_F(DatabaseTls, WrongName) {
  const Certificate certificate = make_certificate(files_, "DNS:db.example");
  serve(certificate);
  expect_advice(check("localhost", "sslmode=verify-full&sslrootcert=" + certificate.file), "does not match host name",
                "as the server's certificate names it");
}

TEST_F(DatabaseTls, ExpiredCertificate) {
  const Certificate certificate = make_expired_certificate(files_, "DNS:localhost");
  serve(certificate);
  expect_advice(check("localhost", "sslmode=verify-full&sslrootcert=" + certificate.file), "certificate", "expired");
}

TEST_F(DatabaseTls, ClientCertificates) {
  const Certificate certificate = make_certificate(files_, "DNS:localhost");
  const Certificate client = make_client_certificate(files_, "postgres");
  serve(certificate, "hostssl all all 127.0.0.1/32 cert", client.file);
  const std::string verified = "sslmode=verify-full&sslrootcert=" + certificate.file;
  const Outcome good = check("localhost", verified + "&sslcert=" + client.file + "&sslkey=" + client.key);
  EXPECT_EQ(good.status, 0) << good.out;
  expect_advice(check("localhost", verified), "valid client certificate", "sslcert=FILE and sslkey=FILE");
  ASSERT_EQ(chmod(client.key.c_str(), 0644), 0);
  expect_advice(check("localhost", verified + "&sslcert=" + client.file + "&sslkey=" + client.key), "private key file",
                "chmod 600");
}

}  // namespace
}  // namespace simsync::test
