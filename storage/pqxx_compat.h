// What differs between libpqxx 6 (Debian 12) and 7 (Ubuntu 24.04, Debian 13), and nothing else: how a statement with
// parameters is sent, how rows are copied into a table, and who connects anew.
#pragma once

#include <pqxx/pqxx>
#include <string>
#include <vector>

namespace simsync {

#if PQXX_VERSION_MAJOR >= 7

// A connection that broke stays so.
inline void keep_broken(pqxx::connection&) {}

namespace compat {

inline pqxx::result send(pqxx::transaction_base& transaction, const std::string& statement,
                         const pqxx::params& parameters) {
#if PQXX_VERSION_MAJOR > 7 || PQXX_VERSION_MINOR >= 10
  return transaction.exec(statement, parameters);
#else
  return transaction.exec_params(statement, parameters);
#endif
}

}  // namespace compat

// With parameters as text; they must not hold U+0000, which libpqxx 6 would cut at.
inline pqxx::result exec_with(pqxx::transaction_base& transaction, const std::string& statement,
                              const std::vector<std::string>& parameters) {
  pqxx::params all;
  for (const std::string& parameter : parameters) all.append(parameter);
  return compat::send(transaction, statement, all);
}

// With parameters in PostgreSQL's binary form, which may hold any byte.
inline pqxx::result exec_binary(pqxx::transaction_base& transaction, const std::string& statement,
                                const std::vector<std::string>& parameters) {
  pqxx::params all;
  for (const std::string& parameter : parameters) all.append(pqxx::binary_cast(parameter));
  return compat::send(transaction, statement, all);
}

// COPY … FROM STDIN. complete() says what the server thinks of the rows.
class CopyInto {
 public:
  CopyInto(pqxx::transaction_base& transaction, const std::string& table, const std::vector<std::string>& columns)
      : stream_(pqxx::stream_to::raw_table(transaction, table, transaction.conn().quote_columns(columns))) {}
  template <typename Row>  // an array of text
  void add(const Row& row) {
    stream_.write_row(row);
  }
  void complete() { stream_.complete(); }

 private:
  pqxx::stream_to stream_;
};

#else

// A connection that broke stays so: libpqxx 6 would connect anew in the middle of a call.
inline void keep_broken(pqxx::connection& connection) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
}

// COPY … FROM STDIN. complete() says what the server thinks of the rows.
class CopyInto {
 public:
  CopyInto(pqxx::transaction_base& transaction, const std::string& table, const std::vector<std::string>& columns)
      : stream_{transaction, table, columns} {}
  template <typename Row>
  void add(const Row& row) {
    stream_ << row;
  }
  void complete() { stream_.complete(); }

 private:
  pqxx::stream_to stream_;
};

inline pqxx::result exec_with(pqxx::transaction_base& transaction, const std::string& statement,
                              const std::vector<std::string>& parameters) {
  return transaction.exec_params(statement, pqxx::prepare::make_dynamic_params(parameters));
}

inline pqxx::result exec_binary(pqxx::transaction_base& transaction, const std::string& statement,
                                const std::vector<std::string>& parameters) {
  const std::vector<pqxx::binarystring> all{parameters.begin(), parameters.end()};
  return transaction.exec_params(statement, pqxx::prepare::make_dynamic_params(all));
}

#endif

}  // namespace simsync
