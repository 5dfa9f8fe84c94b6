// How load_config reads secrets. Internal to config/; others use secret.h.
#pragma once

#include <string>
#include <vector>

#include "config/secret.h"

namespace simsync {

// As secret_from_file, but errors name the file as `shown`: a path written with ${NAME} is shown unexpanded, since
// the commonest mistake is `token_file: ${TOKEN}`, whose expansion is the token.
Secret secret_from_file_shown_as(const std::string& path, const std::string& shown);

// The same where a file may hold several secrets, one a line, so that one can be replaced while the other still
// counts. At least one; an empty line between them is refused.
enum class SecretLines { one, several };
std::vector<Secret> secrets_from_file_shown_as(const std::string& path, const std::string& shown, SecretLines lines);

}  // namespace simsync
