// The stress program of the batch engine's native core, without Node:
//   stress-core [--seconds N] [--rounds N] [--seed N] [--part room|waker|gate|scout|json|producers]
// Goes through its parts again and again, each round by a seed of its own, until the time is up. Ends with 0, or with
// the seed of the round that failed.

#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "kafka.h"
#include "support.h"

namespace stress {

std::atomic<uint64_t> g_seed{0};
std::atomic<const char *> g_part{""};

namespace {

using Clock = std::chrono::steady_clock;

// Longer than anything within a round waits for.
constexpr auto kMostOfARound = std::chrono::seconds(150);
std::atomic<int64_t> g_round_began{0};

int64_t now() { return std::chrono::duration_cast<std::chrono::seconds>(Clock::now().time_since_epoch()).count(); }

void watch() {
  std::thread([] {
    for (;;) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      if (now() - g_round_began.load() > kMostOfARound.count()) fail("the round does not end");
    }
  }).detach();
}

struct Part {
  const char *name;
  void (*round)(uint64_t);
};
constexpr Part kParts[] = {{"room", room_round},
                           {"waker", waker_round},
                           {"gate", gate_round},
                           {"scout", scout_round},
                           {"json", json_round},
                           {"producers", producers_round}};

struct Options {
  uint64_t seconds = 10;
  uint64_t rounds = UINT64_MAX;
  uint64_t seed = static_cast<uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) % 1000000;
  std::string part;
};

int usage() {
  fprintf(stderr, "stress-core [--seconds N] [--rounds N] [--seed N] [--part room|waker|gate|scout|json|producers]\n");
  return 2;
}

bool parse(int argc, char **argv, Options *options) {
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) return false;
    const std::string name = argv[i];
    if (name == "--part") options->part = argv[i + 1];
    else if (name == "--seconds") options->seconds = strtoull(argv[i + 1], nullptr, 10);
    else if (name == "--rounds") options->rounds = strtoull(argv[i + 1], nullptr, 10);
    else if (name == "--seed") options->seed = strtoull(argv[i + 1], nullptr, 10);
    else return false;
  }
  return true;
}

int run(int argc, char **argv) {
  Options options;
  if (!parse(argc, argv, &options)) return usage();
  std::string why;
  if (millrace::Kafka::get(&why) == nullptr) {
    fprintf(stderr, "stress: %s\n", why.c_str());
    return 2;
  }
  g_round_began.store(now());
  watch();
  const auto end = Clock::now() + std::chrono::seconds(options.seconds);
  uint64_t counts[std::size(kParts)] = {};
  uint64_t round = 0;
  for (; round < options.rounds && (round == 0 || Clock::now() < end); round++) {
    for (size_t i = 0; i < std::size(kParts); i++) {
      if (!options.part.empty() && options.part != kParts[i].name) continue;
      g_seed.store(options.seed + round);
      g_part.store(kParts[i].name);
      g_round_began.store(now());
      kParts[i].round(options.seed + round);
      counts[i]++;
    }
  }
  printf("stress: seeds %llu to %llu:", static_cast<unsigned long long>(options.seed),
         static_cast<unsigned long long>(options.seed + round - 1));
  for (size_t i = 0; i < std::size(kParts); i++)
    printf(" %llu %s", static_cast<unsigned long long>(counts[i]), kParts[i].name);
  printf("\n");
  return 0;
}

}  // namespace
}  // namespace stress

int main(int argc, char **argv) { return stress::run(argc, argv); }
