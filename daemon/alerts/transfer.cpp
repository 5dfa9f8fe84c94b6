#include "daemon/alerts/transfer.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <stop_token>
#include <string_view>

#include "config/loopback.h"
#include "config/printable.h"

namespace simsync {
namespace {

constexpr std::size_t kMostOfAnswer = 4096;
constexpr std::size_t kMostOfHead = 64 * 1024;

struct EasyDelete {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct MultiDelete {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct ListDelete {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyDelete>;
using Multi = std::unique_ptr<CURLM, MultiDelete>;
using List = std::unique_ptr<curl_slist, ListDelete>;

void append(List& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc{};
  list.release();
  list.reset(longer);
}

std::string host_of(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parts{curl_url(), &curl_url_cleanup};
  char* host = nullptr;
  if (!parts || curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
      curl_url_get(parts.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) {
    return {};
  }
  std::string text = host;
  curl_free(host);
  return text;
}

// What the configuration wrote between "//" and the port: libcurl would have turned 127.1 into 127.0.0.1.
std::string written_host_of(std::string_view url) {
  const auto begin = url.find("//");
  if (begin == std::string_view::npos) return {};
  url.remove_prefix(begin + 2);
  url = url.substr(0, url.find_first_of("/?#"));
  if (const auto at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
  const auto end = url.starts_with('[') ? url.find(']') + 1 : url.find(':');
  return std::string{url.substr(0, end)};
}

// One transfer's handle with what is the same for all of them.
class Transfer {
 public:
  Transfer(const std::string& url, const char* protocols, std::chrono::milliseconds timeout) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    easy_.reset(ready == CURLE_OK ? curl_easy_init() : nullptr);
    multi_.reset(curl_multi_init());
    if (!easy_ || !multi_) throw std::bad_alloc{};
    set(CURLOPT_ERRORBUFFER, message_.data());
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, protocols);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(timeout.count(), 1)));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);  // a name server that hangs must not hold up the end of the daemon
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    // As OpenSSL has it for its own programs, and so for the connections to the API.
    if (const char* authorities = std::getenv("SSL_CERT_FILE"); authorities != nullptr && *authorities != '\0') {
      set(CURLOPT_CAINFO, authorities);
    }
    // The environment's proxy cannot know our loopback.
    if (is_loopback(host_of(url))) set(CURLOPT_NOPROXY, "*");
  }
  ~Transfer() {
    if (added_) curl_multi_remove_handle(multi_.get(), easy_.get());
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(easy_.get(), option, value);
  }

  // CURLE_ABORTED_BY_CALLBACK after a stop.
  CURLcode run(const std::stop_token& stop) {
    // A wake-up between two polls is not lost: the next one returns at once.
    const std::stop_callback wake{stop, [this] { curl_multi_wakeup(multi_.get()); }};
    if (curl_multi_add_handle(multi_.get(), easy_.get()) != CURLM_OK) return CURLE_FAILED_INIT;
    added_ = true;
    while (!stop.stop_requested()) {
      int running = 0;
      if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) return CURLE_FAILED_INIT;
      int left = 0;
      const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
      if (message != nullptr && message->msg == CURLMSG_DONE) return message->data.result;
      curl_multi_poll(multi_.get(), nullptr, 0, 500, nullptr);
    }
    return CURLE_ABORTED_BY_CALLBACK;
  }

  [[nodiscard]] int status() const {
    long code = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &code);
    return static_cast<int>(code);
  }
  [[nodiscard]] std::string error(CURLcode code) const {
    if (code == CURLE_ABORTED_BY_CALLBACK) return "the daemon stops";
    const std::string text = message_[0] != '\0' ? message_.data() : curl_easy_strerror(code);
    return printable(beginning(text, 300));
  }

 private:
  std::array<char, CURL_ERROR_SIZE> message_{};  // outlives the handle that writes to it
  Multi multi_;
  Easy easy_;
  bool added_ = false;
};

// An answer while it arrives.
struct Reading {
  PostAnswer answer;
  std::size_t head = 0;
  bool head_complete = false;
};

bool is_header(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' &&
         std::ranges::equal(line.substr(0, name.size()), name, [](unsigned char a, char b) {
           return (a >= 'A' && a <= 'Z' ? a + 32 : a) == static_cast<unsigned char>(b);
         });
}

std::size_t read_head(char* data, std::size_t size, std::size_t count, void* context) {
  auto& reading = *static_cast<Reading*>(context);
  const std::string_view line{data, size * count};
  reading.head += line.size();
  if (reading.head > kMostOfHead) return 0;
  if (line.starts_with("HTTP/")) {
    reading.answer = {};
    const auto blank = line.find(' ');
    if (blank != std::string_view::npos) reading.answer.status = std::atoi(std::string{line.substr(blank, 4)}.c_str());
  } else if (is_header(line, "retry-after")) {
    const auto value = line.substr(line.find(':') + 1);
    reading.answer.retry_after = value.substr(0, value.find_last_not_of("\r\n") + 1);
  } else if (line == "\r\n" || line == "\n") {
    reading.head_complete = reading.answer.status >= 200;
  }
  return line.size();
}

// Reading no further ends the transfer.
std::size_t read_body(char* data, std::size_t size, std::size_t count, void* context) {
  auto& body = static_cast<Reading*>(context)->answer.body;
  const std::size_t length = size * count;
  const std::size_t taken = std::min(length, kMostOfAnswer - body.size());
  body.append(data, taken);
  return taken == length ? length : 0;
}

// A mail while it is sent.
struct Sending {
  std::string_view left;
  bool begun = false;
};

std::size_t write_mail(char* buffer, std::size_t size, std::size_t count, void* context) {
  auto& sending = *static_cast<Sending*>(context);
  sending.begun = true;
  const std::string_view piece = sending.left.substr(0, size * count);
  std::memcpy(buffer, piece.data(), piece.size());
  sending.left.remove_prefix(piece.size());
  return piece.size();
}

// The latest of what a mail server says before it wants the mail's text: one reply to each recipient.
struct Replies {
  std::size_t recipients;
  std::vector<std::string> first_lines = {};
  bool goes_on = false;  // the reply has more lines
  bool text_wanted = false;
};

std::size_t read_reply(char* data, std::size_t size, std::size_t count, void* context) {
  auto& replies = *static_cast<Replies*>(context);
  const std::string_view line{data, size * count};
  replies.text_wanted = replies.text_wanted || line.starts_with("354");
  if (!replies.text_wanted && !replies.goes_on) {
    replies.first_lines.push_back(printable(beginning(line.substr(0, line.find_last_not_of("\r\n") + 1), 300)));
    if (replies.first_lines.size() > replies.recipients) replies.first_lines.erase(replies.first_lines.begin());
  }
  replies.goes_on = line.size() > 3 && line[3] == '-';
  return line.size();
}

std::vector<RefusedRecipient> refused_of(const std::vector<std::string>& to, const Replies& replies) {
  std::vector<RefusedRecipient> refused;
  if (!replies.text_wanted || replies.first_lines.size() != to.size()) return refused;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (!replies.first_lines[i].starts_with('2')) refused.push_back({to[i], replies.first_lines[i]});
  }
  return refused;
}

void require_tls(Transfer& transfer, const MailSubmission& submission) {
  // On the machine itself a mail server's certificate is seldom one that anybody vouches for, and nobody listens.
  const bool plain = submission.server.starts_with("smtp://") && is_loopback(written_host_of(submission.server));
  transfer.set(CURLOPT_USE_SSL, static_cast<long>(plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
}

void allow_refused_recipients(Transfer& transfer) {
#if LIBCURL_VERSION_NUM >= 0x080200
  transfer.set(CURLOPT_MAIL_RCPT_ALLOWFAILS, 1L);
#else
  transfer.set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
#endif
}

}  // namespace

PostAnswer post(const HttpPost& request, const std::stop_token& stop) {
  List headers;
  for (const auto& [name, value] : request.headers) {
    std::string line = name;
    append(headers, line.append(": ").append(value));
  }
  append(headers, "Expect:");  // no round trip before the body
  Reading reading;
  Transfer transfer{request.url, "http,https", request.timeout};
  transfer.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  transfer.set(CURLOPT_FOLLOWLOCATION, 0L);
  transfer.set(CURLOPT_HTTPHEADER, headers.get());
  transfer.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  transfer.set(CURLOPT_POSTFIELDS, request.body.data());
  transfer.set(CURLOPT_HEADERFUNCTION, &read_head);
  transfer.set(CURLOPT_HEADERDATA, &reading);
  transfer.set(CURLOPT_WRITEFUNCTION, &read_body);
  transfer.set(CURLOPT_WRITEDATA, &reading);
  transfer.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's consent is not the answer
  const CURLcode code = transfer.run(stop);
  if (reading.head_complete) return reading.answer;
  return {0, {}, {}, code == CURLE_OK ? "the answer is no HTTP" : transfer.error(code)};
}

MailAnswer send_mail(const MailSubmission& submission, const std::stop_token& stop) {
  List recipients;
  for (const std::string& address : submission.to) append(recipients, "<" + address + ">");
  const std::string from = "<" + submission.from + ">";
  const std::string password{submission.password.reveal()};
  Sending sending{submission.mail};
  Replies replies{submission.to.size()};
  Transfer transfer{submission.server, "smtp,smtps", submission.timeout};
  require_tls(transfer, submission);
  allow_refused_recipients(transfer);
  if (!submission.user.empty()) {
    transfer.set(CURLOPT_USERNAME, submission.user.c_str());
    transfer.set(CURLOPT_PASSWORD, password.c_str());
  }
  transfer.set(CURLOPT_MAIL_FROM, from.c_str());
  transfer.set(CURLOPT_MAIL_RCPT, recipients.get());
  transfer.set(CURLOPT_UPLOAD, 1L);
  transfer.set(CURLOPT_READFUNCTION, &write_mail);
  transfer.set(CURLOPT_READDATA, &sending);
  transfer.set(CURLOPT_HEADERFUNCTION, &read_reply);  // libcurl's name for what such a server says
  transfer.set(CURLOPT_HEADERDATA, &replies);
  const CURLcode code = transfer.run(stop);
  if (code == CURLE_OK) return {true, transfer.status(), false, {}, refused_of(submission.to, replies)};
  return {false, transfer.status(), sending.begun || code == CURLE_SEND_ERROR, transfer.error(code), {}};
}

}  // namespace simsync
