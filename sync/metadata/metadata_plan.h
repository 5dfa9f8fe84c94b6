// Which metadata request goes on next, and what an answer of the API means for it. What the API does with keys that are
// not named is not documented, so the whole map is sent, made of what a GET has just said, and read back; what happened
// to a PATCH that nobody answered is found out by a GET before anything is sent again. One request of a SIM at a time,
// those of other SIMs beside it. Pure: no clock, no thread, no I/O.
//
//   read ──► nothing differs: applied
//     └────► about to be sent, which is stored ──► send ──► read
// A request whose plan is lost (a crash, a stop) is read anew from the database and begins with a GET again.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/metadata_queue.h"
#include "sync/api/api_error.h"
#include "sync/api/metadata_map.h"
#include "sync/api/sim_api.h"
#include "sync/profiles/api_circuit.h"

namespace simsync {

class MetadataPlan {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  // Whether a request that cannot be carried out now waits (the service), or is left for another time (one pass).
  enum class Waiting { yes, no };

  static constexpr std::uint64_t kMostOvertaken = 3;

  // `at_once`: so many requests at most are between their GET and their end, so that little time passes in which
  // somebody else's change could get lost.
  MetadataPlan(std::size_t at_once, Waiting waiting) : at_once_(at_once), waiting_(waiting) {}

  struct Task {
    enum class Kind { read, send };
    std::int64_t request = 0;
    std::string sim_id;
    Kind kind = Kind::read;
    std::shared_ptr<const MetadataChange> change;
    std::string metadata;  // to be sent
  };

  // What a GET said, against what is asked for: made by whoever read it, for it takes time.
  struct Look {
    std::vector<MetadataChange::Difference> differences;
    std::string merged;
    SimReading reading;
    bool exact = true;  // the answer was text
  };
  static Look look(const Task& task, SimAnswer answer);

  // Nothing where the SIM has a request here, or was put aside.
  void add(const MetadataRequest& request, Time now);

  // The next task; nullopt: there is none before next_due(). Those that are on their way are finished first.
  std::optional<Task> next(Time now);
  // When next() may have one; nullopt: only something else that happens can bring it.
  [[nodiscard]] std::optional<Time> next_due() const;

  void read(const Task& task, Look look, Time now);
  void sent(const Task& task);
  void failed(const Task& task, const ApiError& error, Time now);

  // The steps that are to be stored, at most so many.
  std::vector<MetadataStep> take_steps(std::size_t most);
  [[nodiscard]] bool has_steps() const { return !steps_.empty(); }
  // What take_steps() gave is stored of the requests in `stored`; the others are in somebody else's hands, and their
  // SIMs are put aside for some seconds.
  void stored(const std::vector<MetadataStep>& steps, const std::vector<std::int64_t>& stored, Time now);

  [[nodiscard]] std::size_t size() const { return requests_.size(); }
  // Of these, those that do not only wait for their time: a SIM that fails again and again must not take the place of
  // another.
  [[nodiscard]] std::size_t busy() const { return requests_.size() - later_.size(); }
  [[nodiscard]] bool api_failing() const { return circuit_.open(); }
  // Of one pass: whether the API answers no more, so that nothing is begun.
  [[nodiscard]] bool given_up() const { return given_up_; }
  // Of one pass: how many SIMs had a request that was left for another time.
  [[nodiscard]] std::uint64_t left() const { return left_.size(); }

 private:
  struct Request {
    std::string sim_id;
    std::shared_ptr<const MetadataChange> change;
    std::uint64_t attempts = 0;
    std::uint64_t overtaken = 0;
    std::vector<MetadataChange::Difference> before;  // by the last GET before something was sent
    std::string merged;                              // to be sent
    bool answered = false;                           // the API took what was sent last, and has not been asked since
    bool started = false;                            // between its GET and its end
    unsigned failures = 0;
    Time due{};         // when it is read again, once what is said of it is stored
    std::string noted;  // the error that was stored while it is pending
  };
  using Place = std::pair<const std::int64_t, Request>;

  void begin_again_unsent();
  std::int64_t take_probe();
  void leave_all();
  void leave(std::int64_t request);
  void look_again(Place& place, Time at);
  void put_off(Place& place, const ApiError& error, bool of_api, Time now);
  void step(Place& place, MetadataState state, std::string error, std::optional<SimReading> reading = std::nullopt);
  void send(Place& place, Look look);
  void drop(std::int64_t request);
  void end_start(Request& request);

  const std::size_t at_once_;
  const Waiting waiting_;
  std::map<std::int64_t, Request> requests_;
  std::set<std::string> sims_;               // that have a request here
  std::map<std::string, Time> aside_;        // SIMs, and until when
  std::set<std::string> left_;               // of one pass: SIMs that are not tried again
  bool given_up_ = false;                    // of one pass: nothing is begun any more
  std::deque<std::int64_t> again_;           // to be read: on their way already
  std::deque<std::int64_t> ready_;           // to be sent
  std::deque<std::int64_t> fresh_;           // to be read for the first time
  std::multimap<Time, std::int64_t> later_;  // to be read, when their time has come
  std::deque<MetadataStep> steps_;           // to be stored
  std::optional<std::int64_t> probe_;        // by which the circuit finds out
  std::size_t started_ = 0;
  ApiCircuit circuit_;
};

}  // namespace simsync
