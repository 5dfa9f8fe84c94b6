// One client's connection: reads requests, has them answered, and carries the answer out, be it rightly or as a fault
// orders it. Lives as long as an operation of its is under way. Refuses nothing of HTTP/1.1 that a client may send but
// what http_request.h refuses.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "tests/simulator/service.h"

namespace simsync::simulator {

// Both start a connection that owns its socket; to be called on the thread that runs the socket's context.
void serve_plain(boost::asio::ip::tcp::socket socket, Service& service);
void serve_tls(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context& context, Service& service);

}  // namespace simsync::simulator
