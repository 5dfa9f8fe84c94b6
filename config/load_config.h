// Reads the YAML of the operator into Config. Refuses what it does not understand: an unknown key, a wrong
// type, a duration without a unit, a missing secret. The only file of the project that knows yaml-cpp is
// yaml_reader.cpp.
#pragma once

#include <stdexcept>
#include <string>

#include "config/config.h"

namespace simsync {

// What is wrong with the configuration, in one line: `FILE:LINE: KEY.PATH: what is wrong; what to write instead`.
// LINE counts from 1; it is missing where the file could not be read at all, and KEY.PATH where the text is no YAML.
// Lists count from 0: projects[0].id. The message never holds a secret's value, nor anything from the environment.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Loads, expands ${NAME} from the environment, reads the secrets and checks all values. Blocks on file reads.
// Throws ConfigError. Logs warnings about what is allowed but unwise.
Config load_config(const std::string& path);

// The same for text already in memory; `name` stands where the file's name would in errors. For tests and fuzzing.
Config parse_config(const std::string& text, const std::string& name);

}  // namespace simsync
