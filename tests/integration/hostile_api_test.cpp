// A server that means harm, or is another than it should be: whatever it answers, the run ends with the exit code of
// the API and one line that says why, in little memory, nothing of it is in the mirror, and nobody else sees the token.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <csignal>
#include <cstdlib>
#include <functional>

#include "tests/support/daemon.h"
#include "tests/unit/sync/api/sample_answers.h"
#include "tests/unit/sync/api/scripted_server.h"
#include "tests/unit/sync/api/test_certificates.h"

namespace simsync::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kToken[] = "tok-acme-VERY-SECRET-9d2e";
// The list's answers may be 32 MiB, on one connection here; the program itself takes some 40 MiB.
constexpr long kMostMemory = 200L * 1024;
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

void write_for_ever(Peer& peer, const std::string& bytes) {
  while (peer.write(bytes)) continue;
}

void drip_for_ever(Peer& peer, const std::string& start) {
  if (!peer.write(start)) return;
  while (peer.write(" ")) std::this_thread::sleep_for(std::chrono::milliseconds{100});
}

std::string gzip_of_spaces(std::size_t mebibytes) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string block(1U << 20U, ' ');
  std::string out(mebibytes * 4096 + 65536, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  for (std::size_t i = 0; i < mebibytes; ++i) {
    stream.next_in = reinterpret_cast<Bytef*>(block.data());
    stream.avail_in = static_cast<uInt>(block.size());
    deflate(&stream, i + 1 == mebibytes ? Z_FINISH : Z_NO_FLUSH);
  }
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

struct Hostile {
  const char* name;
  std::function<void(Peer&)> answer;  // once the request has been read
  const char* said;                   // by the error
};

// gtest prints parameters; a name says more than the bytes of a struct.
void PrintTo(const Hostile& hostile, std::ostream* out) {  // NOLINT(readability-identifier-naming): gtest calls it
  *out << hostile.name;
}

class HostileApi : public testing::TestWithParam<Hostile> {
 protected:
  // OpenSSL writes without MSG_NOSIGNAL, and the program hangs up within the handshake.
  HostileApi() { std::signal(SIGPIPE, SIG_IGN); }
  ~HostileApi() override { std::signal(SIGPIPE, SIG_DFL); }

  Settings settings(const std::string& url, const std::string& ca_file = {}) const {
    Settings settings;
    settings.base_url = url;
    settings.ca_file = ca_file;
    settings.timeout = "1s";
    settings.connections = 1;
    settings.projects = {{.token = kToken}};
    settings.database_url = database_.url();
    return settings;
  }

  void expect_refused(const Settings& settings, const std::string& why) {
    Daemon daemon{settings};
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"sync"}, {"sim", "get", "sim_1", "--project", "acme"}}) {
      SCOPED_TRACE(command[0]);
      const Outcome outcome = daemon.run(command, std::chrono::minutes{4});
      EXPECT_EQ(outcome.status, 3) << outcome.err;
      EXPECT_THAT(outcome.err, HasSubstr(why));
      EXPECT_THAT(outcome.err_lines(), testing::SizeIs(1)) << outcome.err;
      expect_modest(outcome);
    }
    for (const char* table : {"sim", "sim_change", "esim_profile", "esim_profile_transition"}) {
      EXPECT_EQ(database_.number(std::string{"SELECT count(*) FROM simsync."} + table), 0) << table;
    }
  }

  static void expect_modest(const Outcome& outcome) {
    EXPECT_GT(outcome.peak_kib, 1024);
    EXPECT_LT(outcome.peak_kib, kMostMemory);
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr(kToken)));
  }

  // What one pass makes of what the server says, whatever that is.
  Outcome sync_with(const ScriptedServer& server) {
    Daemon daemon{settings(server.url())};
    const Outcome outcome = daemon.run({"sync"}, std::chrono::minutes{4});
    expect_modest(outcome);
    return outcome;
  }

  // The SIM that cannot be held is left out, the others are kept.
  void expect_others_kept(const std::string& bad) {
    const auto server = ScriptedServer::routed([&](Peer& peer, const ReceivedRequest&) {
      peer.answer(200, sample::page({sample::sim("sim_1"), bad, sample::sim("sim_3")}));
    });
    const Outcome outcome = sync_with(*server);
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    EXPECT_EQ(database_.value("SELECT string_agg(sim_id, ' ' ORDER BY sim_id) FROM simsync.sim"), "sim_1 sim_3");
  }

  TestDatabase database_;
};

// Over TLS, as every API but one on this machine is asked.
TEST_P(HostileApi, IsRefused) {
  const TestAuthority authority;
  const auto tls = authority.server("IP:127.0.0.1");
  const ScriptedServer server{[this](Peer& peer) {
                                ReceivedRequest request;
                                if (peer.read_request(request)) GetParam().answer(peer);
                              },
                              tls.get()};
  expect_refused(settings("https://127.0.0.1:" + std::to_string(server.port()), authority.file()), GetParam().said);
  EXPECT_GE(server.connections(), 2) << "both commands asked";
}

const std::string kMebibyte(1U << 20U, ' ');

INSTANTIATE_TEST_SUITE_P(
    Answers, HostileApi,
    testing::Values(
        Hostile{"GigabytesAnnounced",
                [](Peer& peer) {
                  peer.write(kOk + "Content-Length: 5000000000\r\n\r\n");
                  write_for_ever(peer, kMebibyte);
                },
                "larger than can be believed"},
        Hostile{"GigabytesWithoutLength",
                [](Peer& peer) {
                  peer.write(kOk + "Connection: close\r\n\r\n");
                  write_for_ever(peer, kMebibyte);
                },
                "larger than can be believed"},
        Hostile{"ChunksWithoutEnd",
                [](Peer& peer) {
                  peer.write(kOk + "Transfer-Encoding: chunked\r\n\r\n");
                  write_for_ever(peer, "100000\r\n" + kMebibyte + "\r\n");
                },
                "larger than can be believed"},
        Hostile{"GzipBomb",
                [](Peer& peer) {
                  static const std::string bomb = gzip_of_spaces(64);  // made once: it takes a while
                  peer.write(kOk + "Content-Encoding: gzip\r\nContent-Length: " + std::to_string(bomb.size()) +
                             "\r\n\r\n" + bomb);
                },
                "larger than can be believed"},
        // The program asks for `identity`; what comes in this one is not even tried.
        Hostile{"Brotli",
                [](Peer& peer) {
                  const std::string bytes(4096, '\x5b');
                  peer.write(kOk + "Content-Encoding: br\r\nContent-Length: 4096\r\n\r\n" + bytes);
                },
                "report it"},
        Hostile{"HeadersWithoutEnd",
                [](Peer& peer) {
                  peer.write("HTTP/1.1 200 OK\r\n");
                  std::string lines;
                  for (int i = 0; i < 1000; ++i)
                    lines += "X-" + std::to_string(i) + ": " + std::string(500, 'x') + "\r\n";
                  write_for_ever(peer, lines);
                },
                "larger than can be believed"},
        Hostile{"StatusLineWithoutEnd",
                [](Peer& peer) {
                  peer.write("HTTP/1.1 200 ");
                  write_for_ever(peer, std::string(1U << 20U, 'x'));
                },
                "larger than can be believed"},
        Hostile{"HeaderLineWithoutEnd",
                [](Peer& peer) {
                  peer.write("HTTP/1.1 200 OK\r\nX-Long: ");
                  write_for_ever(peer, kMebibyte);
                },
                "larger than can be believed"},
        Hostile{"DrippingHeaders", [](Peer& peer) { drip_for_ever(peer, "HTTP/1.1 200 OK\r\nX-Slow: "); },
                "within api.timeout"},
        Hostile{"DrippingBody", [](Peer& peer) { drip_for_ever(peer, kOk + "Content-Length: 100000\r\n\r\n"); },
                "within api.timeout"},
        Hostile{"DeepNesting", [](Peer& peer) { peer.answer(200, std::string(3'000'000, '[')); }, "report it"},
        Hostile{"DeepNestingInAnItem",
                [](Peer& peer) {
                  peer.answer(200, R"({"sims":[{"id":"sim_1","metadata":)" + std::string(1'000'000, '[') +
                                       std::string(1'000'000, ']') + "}]}");
                },
                "report it"},
        Hostile{"NoHttp", [](Peer& peer) { peer.write("\x15\x03\x01 what?\r\n\r\n"); }, "was lost"}),
    [](const testing::TestParamInfo<Hostile>& info) { return info.param.name; });

TEST_F(HostileApi, SendsTheTokenNowhereElse) {
  const auto other = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(200, "{}"); });
  for (const int status : {301, 302, 307, 308}) {
    const auto server = ScriptedServer::routed([&](Peer& peer, const ReceivedRequest&) {
      peer.answer(status, "",
                  "Location: http://localhost:" + std::to_string(other->port()) + "/projects/acme/sims\r\n");
    });
    expect_refused(settings(server->url()), "redirects are not followed");
  }
  EXPECT_EQ(other->connections(), 0);
}

TEST_F(HostileApi, IsNotFollowedOutOfTls) {
  const TestAuthority authority;
  const auto tls = authority.server("IP:127.0.0.1");
  const auto plain = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(200, "{}"); });
  const auto server = ScriptedServer::routed(
      [&](Peer& peer, const ReceivedRequest& got) {
        peer.answer(302, "", "Location: " + plain->url() + got.target + "\r\n");
      },
      tls.get());
  expect_refused(settings("https://127.0.0.1:" + std::to_string(server->port()), authority.file()),
                 "redirects are not followed");
  EXPECT_EQ(plain->connections(), 0);
  EXPECT_FALSE(server->requests().empty());
}

TEST_F(HostileApi, MetadataOfTenMebibytesCostTheirSimOnly) {
  expect_others_kept(sample::sim("sim_2", R"({"a":")" + std::string(10U << 20U, 'x') + R"("})"));
}

TEST_F(HostileApi, ASimNestedAMillionDeepCostsItselfOnly) {
  expect_others_kept(
      sample::sim("sim_2", R"({"a":)" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}"));
}

TEST_F(HostileApi, ACursorThatLeadsBackToItselfIsNoList) {
  const auto server = ScriptedServer::routed(
      [](Peer& peer, const ReceivedRequest&) { peer.answer(200, sample::page({sample::sim("sim_1")}, R"("sim_1")")); });
  const Outcome outcome = sync_with(*server);
  EXPECT_NE(outcome.status, -1) << "it walks in a circle";
  EXPECT_NE(outcome.status, 0) << "a circle is no complete list";
  EXPECT_LT(server->requests().size(), 100U);
  EXPECT_EQ(database_.number("SELECT count(*) FROM simsync.sim WHERE missing_since IS NOT NULL"), 0);
}

TEST_F(HostileApi, BytesBehindAnAnswerAreNobodysSims) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) {
    peer.answer(200, sample::page({sample::sim("sim_1")}));
    peer.answer(200, sample::page({sample::sim("sim_stray")}));
  });
  sync_with(*server);
  EXPECT_EQ(database_.value("SELECT string_agg(sim_id, ' ' ORDER BY sim_id) FROM simsync.sim"), "sim_1");
}

class StrangeTls : public HostileApi {
 protected:
  // With a server of these properties no request is made at all.
  void expect_stranger(SSL_CTX* tls, const std::string& why, const std::string& ca_file = {}) {
    const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(200, "{}"); }, tls);
    expect_refused(
        settings("https://127.0.0.1:" + std::to_string(server->port()), ca_file.empty() ? authority_.file() : ca_file),
        why);
    EXPECT_GE(server->connections(), 2);
    EXPECT_TRUE(server->requests().empty()) << "the token was shown to a stranger";
  }

  TestAuthority authority_;
};

TEST_F(StrangeTls, WithAnotherName) {
  expect_stranger(authority_.server("DNS:api.example.com").get(), "mismatch");
}

TEST_F(StrangeTls, Expired) {
  expect_stranger(authority_.server("IP:127.0.0.1", true).get(), "expired");
}

TEST_F(StrangeTls, OfAnUnknownAuthority) {
  const TestAuthority stranger;
  expect_stranger(authority_.server("IP:127.0.0.1").get(), "certificate", stranger.file());
}

// Also where the machine's OpenSSL would take it.
TEST_F(StrangeTls, OfAnOldVersionOnly) {
  const TempDir directory;
  write_file(directory.file("openssl.cnf"),
             "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = old\n[old]\n"
             "MinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n");
  setenv("OPENSSL_CONF", directory.file("openssl.cnf").c_str(), 1);  // the program's; the test's has been read
  const auto tls = authority_.server("IP:127.0.0.1");
  SSL_CTX_set_security_level(tls.get(), 0);
  SSL_CTX_set_min_proto_version(tls.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(tls.get(), TLS1_1_VERSION);
  expect_stranger(tls.get(), "TLS with");
  unsetenv("OPENSSL_CONF");
}

TEST_F(StrangeTls, ThatIsNone) {
  const ScriptedServer server{[](Peer& peer) {
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }};
  expect_refused(settings("https://127.0.0.1:" + std::to_string(server.port()), authority_.file()), "TLS with");
}

}  // namespace
}  // namespace simsync::test
