// What a request changes in a SIM's metadata, on the text that the API wrote: keys that it does not name go back byte
// for byte and in their order, whatever they hold (U+0000, lone surrogates, numbers of any size, the same key twice).
// It parses nothing into a tree, and decides nothing about when something is sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simsync {

class MetadataChange {
 public:
  // A key that is not as asked, its text decoded. Values are JSON text; nullopt: to be removed, and is not there.
  struct Difference {
    std::string key;
    std::optional<std::string> asked;
    std::optional<std::string> found;
  };

  // `set`: JSON text of an object, UTF-8; of a key that stands there twice the last one counts. `remove`: of an array
  // of texts. nullopt: they are not.
  static std::optional<MetadataChange> read(std::string_view set, std::string_view remove);

  // What of it `whole` does not say yet, in the order asked for; `whole` is JSON text of an object, as a SimAnswer has
  // it. Values are compared by what they mean: 1.0 is 1, and the order of an object's keys says nothing.
  [[nodiscard]] std::vector<Difference> differences(std::string_view whole) const;

  // `whole` with what is asked for: a key that is there keeps its place, a new one comes last.
  [[nodiscard]] std::string merged(std::string_view whole) const;

 private:
  struct Wish {
    std::string key;                   // its meaning
    std::string text;                  // "key":value, as it is sent
    std::optional<std::string> value;  // JSON text; nullopt: to be removed
  };
  std::vector<Wish> wishes_;
};

}  // namespace simsync
