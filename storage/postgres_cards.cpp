#include "storage/pg_text.h"
#include "storage/postgres_session.h"
#include "storage/postgres_walks.h"
#include "storage/pqxx_compat.h"
#include "storage/report_statements.h"
#include "storage/stored_cards.h"
#include "storage/story_statements.h"

namespace simsync {

void read_cards(const std::string& url, const std::vector<std::string>& projects,
                const std::function<bool(const Card&)>& take) {
  PostgresSession session{url};
  session.read(bounds::kRead, [&](pqxx::transaction_base& transaction) {
    transaction.exec(statements::kReadToTheEnd);
    exec_with(transaction, statements::kDeclareCards, {text_array(projects)});
    for (;;) {
      const pqxx::result part = session.fetch(transaction, statements::kFetchCards);
      if (part.empty()) return;
      for (const auto& fields : part) {
        const auto text = [&fields](int column) {
          const auto field = fields[column];
          return std::string_view{field.c_str(), field.size()};
        };
        if (!take({text(0), text(1), text(2), text(3), text(4), text(5), text(6) == "t"})) return;
      }
    }
  });
}

}  // namespace simsync
