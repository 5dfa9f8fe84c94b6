// The numbered SQL files, as CMake compiled them in.
#pragma once

#include <span>

namespace simsync {

struct Migration {
  int version;       // 1, 2, 3 … without gaps
  const char* name;  // the file's name without .sql
  const char* sql;
};

std::span<const Migration> all_migrations();

}  // namespace simsync
