// The list operation's query parameters, judged as strictly as facts.md says ("an unknown parameter, a wrong type, a
// bad format or a value outside its enum is an error"). Refuses to guess: a parameter given twice is an error too.
#pragma once

#include <string>
#include <string_view>

#include "tests/simulator/answer.h"
#include "tests/simulator/project.h"

namespace simsync::simulator {

// False after it has written the error into `answer`. Needs the project's mutex held: cursors are looked up.
// `own_after` becomes the text of the parameter after.
bool read_list_query(std::string_view text, const Project& project, int gone_cursor_status, ListQuery& query,
                     std::string& own_after, Answer& answer);

// `^([0-9]{19}F?|[0-9]{20})$`, case-insensitive (facts.md, Errors).
bool is_iccid(std::string_view text);

}  // namespace simsync::simulator
