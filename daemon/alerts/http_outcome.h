// What a receiver's HTTP answer means for the message. Pure.
#pragma once

#include "daemon/alerts/channel.h"
#include "daemon/alerts/transfer.h"

namespace simsync {

// Whether the beginning of the answer's body may stand in the error. Not where the URL is a secret: pages of errors
// like to repeat it.
enum class ShowBody { yes, no };

// 2xx: delivered. 410: gone. 400, 413 and 422: refused, the receiver will say the same of this message each time. All
// else, also redirects (not followed) and no answer: try again.
Delivery outcome_of(const PostAnswer& answer, TimePoint now, ShowBody show_body = ShowBody::yes);

}  // namespace simsync
