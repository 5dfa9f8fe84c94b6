#include "daemon/service_manager.h"

#include <systemd/sd-daemon.h>

#include "config/printable.h"

namespace simsync::service_manager {

void ready() {
  sd_notify(0, "READY=1");
}

void status(const std::string& line) {
  sd_notify(0, ("STATUS=" + printable(line)).c_str());
}

void stopping() {
  sd_notify(0, "STOPPING=1");
}

}  // namespace simsync::service_manager
