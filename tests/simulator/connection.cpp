#include "tests/simulator/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>

namespace simsync::simulator {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

using PlainStream = tcp::socket;
using TlsStream = asio::ssl::stream<tcp::socket>;

tcp::socket& socket_of(PlainStream& stream) {
  return stream;
}

tcp::socket& socket_of(TlsStream& stream) {
  return stream.next_layer();
}

std::chrono::nanoseconds as_duration(double seconds) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

// Unread requests beyond this wait in the kernel.
constexpr std::size_t kReadPiece = 16 * 1024;

template <typename Stream>
class Connection : public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(Stream stream, Service& service)
      : stream_(std::move(stream)), service_(service), timer_(socket_of(stream_).get_executor()) {
    service_.stats().connected();
  }

  ~Connection() {
    finish(0);
    service_.stats().disconnected();
  }

  void start() {
    error_code ignored;
    socket_of(stream_).set_option(tcp::no_delay(true), ignored);
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      stream_.async_handshake(asio::ssl::stream_base::server, [self = this->shared_from_this()](error_code error) {
        if (!error) self->read_more();
      });
    } else {
      read_more();
    }
  }

 private:
  // The connection lives on through the handlers that hold it; when none is left it closes itself.
  template <typename Handler>
  void read_then(Handler handler) {
    const std::size_t size = in_.size();
    in_.resize(size + kReadPiece);
    stream_.async_read_some(asio::buffer(in_.data() + size, kReadPiece),
                            [self = this->shared_from_this(), size, handler](error_code error, std::size_t count) {
                              self->in_.resize(size + count);
                              handler(*self, error);
                            });
  }

  template <typename Handler>
  void wait_then(std::chrono::nanoseconds time, Handler handler) {
    timer_.expires_after(time);
    timer_.async_wait([self = this->shared_from_this(), handler](error_code error) {
      if (!error) handler(*self);
    });
  }

  // Sends out_, which stays untouched until `handler` runs.
  template <typename Handler>
  void write_then(Handler handler) {
    asio::async_write(stream_, asio::buffer(out_),
                      [self = this->shared_from_this(), handler](error_code error, std::size_t) {
                        if (!error) handler(*self);
                      });
  }

  void read_more() {
    read_then([](Connection& self, error_code error) {
      if (!error) self.process();
    });
  }

  void process() {
    const ParseResult parsed = parse_request(in_, request_);
    switch (parsed.state) {
      case ParseResult::State::need_more:
        return parsed.expects_continue && !continued_ ? tell_to_continue() : read_more();
      case ParseResult::State::broken:
        keep_alive_ = false;
        answer_.clear();
        make_error(answer_, parsed.status, "malformed", "The request is not HTTP as it should be");
        return deliver();
      case ParseResult::State::complete:
        break;
    }
    continued_ = false;
    keep_alive_ = request_.keep_alive;
    ticket_ = service_.handle(request_, answer_);
    in_.erase(0, parsed.consumed);
    const int latency = ticket_.counted ? service_.world().settings().latency_ms.load(std::memory_order_relaxed) : 0;
    if (latency == 0) return deliver();
    wait_then(std::chrono::milliseconds(latency), [](Connection& self) { self.deliver(); });
  }

  void tell_to_continue() {
    continued_ = true;
    out_ = "HTTP/1.1 100 Continue\r\n\r\n";
    write_then([](Connection& self) { self.read_more(); });
  }

  void deliver() {
    switch (answer_.delivery) {
      case Delivery::normal:
        return answer_.stream ? send_stream() : send();
      case Delivery::reset:
        return reset();
      case Delivery::close:
        finish(0);
        return close();
      case Delivery::truncate:
        return send_truncated();
      case Delivery::hang:
        return hang();
      case Delivery::slow_body:
        prepare_head();
        return write_then([](Connection& self) { self.send_slowly(0); });
      case Delivery::slow_header:
        prepare_head();
        slow_head_ = out_;
        return send_slow_head(0);
    }
  }

  void prepare_head() {
    out_.clear();
    append_head(out_, answer_, keep_alive_);
  }

  void send() {
    prepare_head();
    // One piece for one write (and one TLS record) where copying is cheaper than a second buffer.
    if (answer_.body.size() <= 8192) {
      out_ += answer_.body;
      return write_then([](Connection& self) { self.sent(); });
    }
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(out_), asio::buffer(answer_.body)};
    asio::async_write(stream_, buffers, [self = this->shared_from_this()](error_code error, std::size_t) {
      if (!error) self->sent();
    });
  }

  void sent() {
    finish(answer_.status);
    if (!keep_alive_) return close();
    if (in_.empty()) return read_more();
    process();
  }

  void send_stream() {
    prepare_head();
    write_then([](Connection& self) { self.send_next_piece(); });
  }

  void send_next_piece() {
    std::string& piece = answer_.body;
    piece.clear();
    const bool more = answer_.stream(piece);
    out_.clear();
    if (!piece.empty()) {
      std::array<char, 20> size{};
      const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
      out_.append(size.data(), static_cast<std::size_t>(length)).append(piece).append("\r\n");
    }
    if (more) return write_then([](Connection& self) { self.send_next_piece(); });
    if (!answer_.abort_stream) out_ += "0\r\n\r\n";
    answer_.stream = nullptr;
    write_then([](Connection& self) {
      if (self.answer_.abort_stream) self.keep_alive_ = false;
      self.sent();
    });
  }

  void send_truncated() {
    prepare_head();
    out_.append(answer_.body, 0, answer_.body.size() / 2);
    keep_alive_ = false;
    write_then([](Connection& self) { self.sent(); });
  }

  // `sent_bytes` of the body are out. A tenth of a second at a time, a byte at least.
  void send_slowly(std::size_t sent_bytes) {
    if (sent_bytes == answer_.body.size()) return sent();
    const auto piece = std::max<std::size_t>(1, static_cast<std::size_t>(answer_.bytes_per_second / 10));
    out_.assign(answer_.body, sent_bytes, piece);
    const auto pause = as_duration(static_cast<double>(out_.size()) / answer_.bytes_per_second);
    wait_then(pause, [sent_bytes](Connection& self) {
      self.write_then([sent_bytes](Connection& later) { later.send_slowly(sent_bytes + later.out_.size()); });
    });
  }

  void send_slow_head(std::size_t sent_bytes) {
    if (sent_bytes == slow_head_.size()) {
      out_ = answer_.body;
      return write_then([](Connection& self) { self.sent(); });
    }
    out_.assign(1, slow_head_[sent_bytes]);
    wait_then(as_duration(answer_.pause_seconds), [sent_bytes](Connection& self) {
      self.write_then([sent_bytes](Connection& later) { later.send_slow_head(sent_bytes + 1); });
    });
  }

  // Reads on meanwhile, only to notice that the client has gone.
  void hang() {
    wait_then(as_duration(answer_.pause_seconds), [](Connection& self) {
      error_code ignored;
      socket_of(self.stream_).cancel(ignored);
    });
    watch();
  }

  void watch() {
    read_then([](Connection& self, error_code error) {
      if (error == asio::error::operation_aborted) return self.answer_.stream ? self.send_stream() : self.send();
      if (error) {
        self.timer_.cancel();
        return self.finish(0);
      }
      self.watch();
    });
  }

  void reset() {
    finish(0);
    error_code ignored;
    socket_of(stream_).set_option(asio::socket_base::linger(true, 0), ignored);
    socket_of(stream_).close(ignored);
  }

  void close() {
    error_code ignored;
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      stream_.async_shutdown([self = this->shared_from_this()](error_code) { self->close_socket(); });
    } else {
      close_socket();
    }
  }

  void close_socket() {
    error_code ignored;
    socket_of(stream_).shutdown(tcp::socket::shutdown_both, ignored);
    socket_of(stream_).close(ignored);
  }

  // Counts the request under way as answered, once.
  void finish(int status) {
    service_.done(ticket_, status);
    ticket_ = {};
  }

  Stream stream_;
  Service& service_;
  asio::steady_timer timer_;
  std::string in_;
  std::string out_;
  std::string slow_head_;
  HttpRequest request_;
  Answer answer_;
  Ticket ticket_;
  bool keep_alive_ = true;
  bool continued_ = false;
};

}  // namespace

void serve_plain(tcp::socket socket, Service& service) {
  std::make_shared<Connection<PlainStream>>(std::move(socket), service)->start();
}

void serve_tls(tcp::socket socket, asio::ssl::context& context, Service& service) {
  std::make_shared<Connection<TlsStream>>(TlsStream(std::move(socket), context), service)->start();
}

}  // namespace simsync::simulator
