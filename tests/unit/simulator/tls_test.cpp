// The simulator behind TLS, with a certificate made on the spot.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "tests/unit/simulator/simulator_fixture.h"

namespace simsync::simulator {
namespace {

void write_self_signed(const std::string& certificate_path, const std::string& key_path) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_sign(certificate, key, EVP_sha256());
  std::FILE* file = std::fopen(certificate_path.c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen(key_path.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

class TlsTest : public SimulatorTest {
 protected:
  void SetUp() override {
    // The client, not the simulator: httplib writes its TLS farewell to a connection that was reset.
    std::signal(SIGPIPE, SIG_IGN);
    folder_ = std::filesystem::temp_directory_path() / ("simulator-tls-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    options_.tls_certificate = folder_ / "cert.pem";
    options_.tls_key = folder_ / "key.pem";
    write_self_signed(options_.tls_certificate, options_.tls_key);
    boot();
    client_->enable_server_certificate_verification(false);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(TlsTest, AnswersAllSizesOverOneConnection) {
  EXPECT_TRUE(server_->url().starts_with("https://127.0.0.1:"));
  EXPECT_EQ(list("limit=1")["items"].size(), 1U);
  EXPECT_EQ(list("limit=200")["items"].size(), 200U);
  EXPECT_EQ(truth().size(), 1000U);
  EXPECT_EQ(Json::parse(admin_get("stats"))["connections_accepted"], 1);
}

TEST_F(TlsTest, FaultsOfDeliveryHappenThereToo) {
  for (const char* fault : {"reset", "close", "truncate"}) {
    admin("faults", {{"fault", fault}, {"times", 1}});
    EXPECT_FALSE(get("/projects/gigs/sims?limit=200")) << fault;
    EXPECT_EQ(get("/projects/gigs/sims?limit=200")->status, 200) << fault;
  }
}

TEST_F(TlsTest, PlainTextIsNotAnswered) {
  httplib::Client plain("127.0.0.1", server_->port());
  EXPECT_FALSE(plain.Get("/_admin/health"));
  EXPECT_EQ(admin_get("health"), R"({"ok":true})");
}

}  // namespace
}  // namespace simsync::simulator
