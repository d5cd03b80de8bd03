// Who finds out where messages without a key go, alone: a message that is sent ahead ends, and is freed, while it is
// looked at. With librdkafka that is a matter of nanoseconds; here it comes a million times.

#include <thread>

#include "scout.h"
#include "support.h"

namespace stress {
namespace {

using millrace::Kafka;
using millrace::Scout;

constexpr uint32_t kTimes = 20000;
constexpr size_t kRun = 8;
constexpr int32_t kWhere = 3;

// What librdkafka's threads have to end, and where the others of the run were offered.
std::atomic<rd_kafka_message_t *> g_sent{nullptr};
int32_t g_followed = 0;

// Stands for librdkafka's: takes everything.
int produce_batch(rd_kafka_topic_t *, int32_t partition, int, rd_kafka_message_t *, int count) {
  if (count > 1) {
    g_followed = partition;
    return count;
  }
  auto *message = new rd_kafka_message_t();
  message->partition = kWhere;
  Scout::on_send(nullptr, message, nullptr);
  g_sent.store(message);
  return count;
}

// For as long as it is in scope.
class InPlaceOfLibrdkafka {
 public:
  InPlaceOfLibrdkafka() : table_(const_cast<Kafka *>(Kafka::get())), real_(table_->rd_kafka_produce_batch) {
    table_->rd_kafka_produce_batch = produce_batch;
  }
  ~InPlaceOfLibrdkafka() { table_->rd_kafka_produce_batch = real_; }

 private:
  Kafka *const table_;
  decltype(Kafka::rd_kafka_produce_batch) const real_;
};

}  // namespace

void scout_round(uint64_t seed) {
  const InPlaceOfLibrdkafka stub;
  Scout scout;
  std::atomic<uint32_t> freed{0};
  std::thread ending([&] {
    Chance chance(seed, 1);
    for (uint32_t i = 1; i <= kTimes; i++) {
      rd_kafka_message_t *message;
      while ((message = g_sent.exchange(nullptr)) == nullptr) std::this_thread::yield();
      for (volatile uint32_t left = chance.number(100); left > 0; left = left - 1) {
      }
      scout.ended(message);
      // whoever reads it now finds another place, if nothing tells that it is free
      message->partition = kWhere + 1;
      delete message;
      freed.store(i);
    }
  });
  rd_kafka_message_t messages[kRun] = {};
  for (uint32_t i = 1; i <= kTimes; i++) {
    same("messages that were taken", scout.produce(nullptr, 0, messages, kRun), kRun);
    same("where the others of a run went", g_followed, kWhere);
    while (freed.load() != i) std::this_thread::yield();
  }
  ending.join();
}

}  // namespace stress
