// A producer's whole life: several threads send through one handle while the cluster fails, and it is closed, or
// destroyed, at some moment. Whatever happens, the account is right, and everybody who waits is woken.

#include <dlfcn.h>

#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "cluster.h"
#include "tenant.h"

extern "C" rd_kafka_resp_err_t conf_init(rd_kafka_conf_t *, void **, char *, size_t);

namespace stress {
namespace {

using namespace millrace;

enum class Fate {
  kDrain,    // all that was sent is waited for, then closed
  kClose,    // closed while threads produce
  kDestroy,  // the handle is destroyed while threads produce; nobody closed
  kExit,     // the home's thread ends while the others produce
};

// librdkafka's own view of the same messages.
struct Witness {
  std::atomic<int64_t> delivered{0};
  std::atomic<int64_t> failed{0};
  std::atomic<int64_t> persisted{0};
};

// librdkafka calls the interceptor for what it refuses inside produce(), too, and returns the error as well.
thread_local bool t_producing = false;

template <typename Call>
auto produced(Call call) {
  t_producing = true;
  const auto result = call();
  t_producing = false;
  return result;
}

void tell_when_producing() {
  static const Kafka original = *Kafka::get();
  // the table's own object is not const
  auto *table = const_cast<Kafka *>(Kafka::get());
  table->rd_kafka_produce = [](rd_kafka_topic_t *topic, int32_t partition, int flags, void *value, size_t size,
                               const void *key, size_t key_size, void *opaque) {
    return produced([&] { return original.rd_kafka_produce(topic, partition, flags, value, size, key, key_size, opaque); });
  };
  table->rd_kafka_produceva = [](rd_kafka_t *rk, const rd_kafka_vu_t *arguments, size_t count) {
    return produced([&] { return original.rd_kafka_produceva(rk, arguments, count); });
  };
  table->rd_kafka_produce_batch = [](rd_kafka_topic_t *topic, int32_t partition, int flags,
                                     rd_kafka_message_t *messages, int count) {
    return produced([&] { return original.rd_kafka_produce_batch(topic, partition, flags, messages, count); });
  };
}

rd_kafka_resp_err_t on_acknowledgement(rd_kafka_t *, rd_kafka_message_t *message, void *opaque) {
  auto *witness = static_cast<Witness *>(opaque);
  if (t_producing) return RD_KAFKA_RESP_ERR_NO_ERROR;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    witness->delivered++;
  } else {
    witness->failed++;
    if (rd_kafka_message_status(message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED) witness->persisted++;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *, void *opaque, char *, size_t) {
  return rd_kafka_interceptor_add_on_acknowledgement(rk, "witness", on_acknowledgement, opaque);
}

// As node-rdkafka's, which casts every opaque to an object of its own.
void on_delivery(rd_kafka_t *, const rd_kafka_message_t *, void *) {
  fail("the delivery callback that node-rdkafka registers was called");
}

// The file that this program is linked to is the plugin, as the addon is.
const char *plugin_path() {
  Dl_info info;
  if (dladdr(reinterpret_cast<void *>(&conf_init), &info) == 0) fail("no path of the core");
  return info.dli_fname;
}

void set(rd_kafka_conf_t *conf, const char *name, const std::string &value) {
  char why[512];
  if (rd_kafka_conf_set(conf, name, value.c_str(), why, sizeof(why)) != RD_KAFKA_CONF_OK) fail(why);
}

rd_kafka_t *connect(Chance &chance, const Cluster &cluster, const std::string &token, bool patient, Witness *witness) {
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "plugin.library.paths", plugin_path());
  set(conf, "millrace.token", token);
  set(conf, "bootstrap.servers", cluster.bootstraps());
  set(conf, "log_level", "0");
  set(conf, "queue.buffering.max.messages", "0");
  set(conf, "queue.buffering.max.kbytes", "2147483647");
  set(conf, "message.max.bytes", "1000");
  set(conf, "message.timeout.ms", patient ? "300000" : std::to_string(200 + chance.number(1500)));
  set(conf, "linger.ms", std::to_string(chance.number(15)));
  set(conf, "socket.timeout.ms", "1000");
  set(conf, "reconnect.backoff.ms", "5");
  set(conf, "reconnect.backoff.max.ms", "50");
  set(conf, "retry.backoff.ms", "5");
  set(conf, "retry.backoff.max.ms", "50");
  set(conf, "topic.metadata.refresh.interval.ms", "100");
  set(conf, "topic.metadata.propagation.max.ms", patient ? "300000" : "500");
  set(conf, "allow.auto.create.topics", "false");
  set(conf, "batch.num.messages", std::to_string(1 + chance.number(100)));
  set(conf, "compression.type", chance.one_in(3) ? "lz4" : "none");
  set(conf, "enable.idempotence", chance.one_in(3) ? "true" : "false");
  // a handle is made of a copy, as node-rdkafka does
  rd_kafka_conf_t *copy = rd_kafka_conf_dup(conf);
  rd_kafka_conf_destroy(conf);
  rd_kafka_conf_set_dr_msg_cb(copy, on_delivery);
  if (witness != nullptr) rd_kafka_conf_interceptor_add_on_new(copy, "witness", on_new, witness);
  char why[512];
  rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, copy, why, sizeof(why));
  if (rk == nullptr) rd_kafka_conf_destroy(copy);
  return rk;
}

// Runs until it goes out of scope.
class Looping {
 public:
  template <typename Work>
  explicit Looping(Work work)
      : thread_([this, work] {
          while (!ended_.load() && work()) {
          }
        }) {}
  ~Looping() {
    ended_.store(true);
    thread_.join();
  }

 private:
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

void wait_until(const char *what, const std::function<bool()> &done) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) fail(what);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

class Life {
 public:
  explicit Life(uint64_t seed)
      : seed_(seed),
        chance_(seed, 0),
        fate_(static_cast<Fate>(chance_.number(4))),
        cluster_(1 + static_cast<int>(chance_.number(3))) {
    // room for a few messages, for some, for so many that credits are leased by the hundred, or for more than one poll
    // settles
    static const int64_t rooms[] = {1, 5, 40, 300, 2000, 4 * Harvest::kMost};
    const int64_t messages = 1 + chance_.number(static_cast<uint32_t>(rooms[chance_.number(std::size(rooms))]));
    const int64_t bytes = chance_.one_in(3) ? 2500 + chance_.number(20000) : 64 * 1024 * 1024;
    channel_ = Registry::open(messages, bytes, chance_.one_in(2));
    home_ = std::make_unique<Tenant>(channel_.get(), channel_->enter(), seed, 1, chance_.one_in(2));
    patient_ = fate_ != Fate::kDestroy && chance_.one_in(2);
    rk_ = connect(chance_, cluster_, channel_->token, patient_, &witness_);
    if (rk_ == nullptr) fail("the handle was not made");
    if (chance_.one_in(4)) refuse_another();
  }

  void run() {
    start();
    {
      // both poll as well; without them, whoever sends has to learn of every ending by itself
      const bool alone = chance_.one_in(2);
      std::unique_ptr<Looping> flushes(alone ? nullptr : new Looping([this] {
        const bool open = channel_->flush(static_cast<int>(seed_ % 40));
        std::this_thread::sleep_for(std::chrono::milliseconds(3));
        return open;
      }));
      std::unique_ptr<Looping> polls(alone ? nullptr : new Looping([this] {
        rd_kafka_poll(rk_, 5);
        return true;
      }));
      {
        std::unique_ptr<Faults> faults(chance_.one_in(4) ? nullptr : new Faults(&cluster_, seed_));
        produce();
        if (fate_ == Fate::kDrain || fate_ == Fate::kClose) faults.reset();
        if (fate_ == Fate::kDrain) drain();
        if (fate_ == Fate::kDrain || fate_ == Fate::kClose) {
          close();
        } else if (fate_ == Fate::kExit) {
          home_->leave();
          std::this_thread::sleep_for(std::chrono::milliseconds(chance_.number(100)));
        }
        polls.reset();
        rd_kafka_destroy(rk_);
      }
    }
    join();
    check();
  }

 private:
  void refuse_another() {
    // it is made, since librdkafka does not ask, but apart from the channel
    rd_kafka_t *other = connect(chance_, cluster_, channel_->token, patient_, nullptr);
    if (other != nullptr) rd_kafka_destroy(other);
    rd_kafka_t *own = nullptr;
    channel_->with_handle([&](rd_kafka_t *rk) { own = rk; });
    if (own != rk_) fail("a second client took the first one's channel");
  }

  void start() {
    const uint32_t count = 1 + chance_.number(3);
    for (uint32_t i = 0; i < count; i++)
      tenants_.push_back(std::make_unique<Tenant>(channel_.get(), channel_->enter(), seed_, 10 + i, false));
    for (auto &tenant : tenants_) {
      threads_.emplace_back([this, tenant = tenant.get()] {
        tenant->work(stop_);
        if (fate_ == Fate::kDrain) tenant->drain();
        tenant->leave();
      });
    }
  }

  // The home sends, too, until it is time.
  void produce() {
    std::atomic<bool> enough{false};
    std::thread timer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50 + chance_.number(350)));
      enough.store(true);
      // or it would go on waiting for room
      home_->bell().ring();
    });
    home_->work(enough);
    timer.join();
  }

  void drain() {
    stop_all();
    home_->drain();
    join();
  }

  void close() {
    const bool backlog = home_->leave_behind();
    if (chance_.one_in(2)) channel_->closing();
    if (chance_.one_in(2)) std::this_thread::sleep_for(std::chrono::milliseconds(chance_.number(30)));
    const auto before = std::chrono::steady_clock::now();
    channel_->purge();
    wait_until("a purge did not end all messages", [this] {
      home_->read();
      return channel_->admission().messages() == 0 && !channel_->busy();
    });
    if (patient_ && backlog && std::chrono::steady_clock::now() - before > std::chrono::seconds(30))
      fail("messages ended by another way than the purge");
    // nobody rings: who waits for room is to be told that it is over
    if (chance_.one_in(2)) join();
    home_->drain();
    channel_->close();
  }

  void stop_all() {
    stop_.store(true);
    for (auto &tenant : tenants_) tenant->bell().ring();
  }

  void join() {
    // with the handle gone, nothing ends any more
    if (fate_ == Fate::kDestroy || fate_ == Fate::kExit) stop_all();
    for (std::thread &thread : threads_) thread.join();
    threads_.clear();
  }

  void check() {
    if (fate_ != Fate::kExit) home_->leave();
    Sums sums = home_->sums();
    for (auto &tenant : tenants_) sums.add(tenant->sums());
    const Counts counts = channel_->counts();
    same("accepted", counts.accepted, sums.accepted);
    same("refused", counts.refused, sums.refused);
    same("ended, as librdkafka says", counts.accepted - counts.in_flight, witness_.delivered + witness_.failed);
    same("delivered, as librdkafka says", counts.delivered, witness_.delivered.load());
    same("failed and unsent, as librdkafka says", counts.failed + counts.unsent, witness_.failed.load());
    same("possibly persisted, as librdkafka says", counts.possibly_persisted, witness_.persisted.load());
    same("told and left", sums.delivered + sums.failed + sums.unsent + sums.left, sums.accepted);
    int64_t unsent_of_others = 0;
    for (Unsent *unsent = channel_->take_unsent(); unsent != nullptr; unsent_of_others++) {
      Unsent *next = unsent->next;
      delete unsent;
      unsent = next;
    }
    if (sums.left == 0) {
      same("delivered, as it was told", sums.delivered, counts.delivered);
      same("failed, as it was told", sums.failed, counts.failed);
      same("unsent, as it was told", sums.unsent, counts.unsent);
      same("possibly persisted, as it was told", sums.persisted, counts.possibly_persisted);
    }
    if (home_->sums().left == 0)
      same("unsent of others", unsent_of_others, counts.unsent - home_->sums().unsent);
    if (fate_ == Fate::kDrain || fate_ == Fate::kClose) {
      same("in flight after all ended", counts.in_flight, 0);
      same("bytes in flight after all ended", counts.bytes, 0);
      for (auto &tenant : tenants_)
        if (!tenant->lane()->reusable()) fail("a lane is not free although all of it has ended");
    }
    Registry::release(channel_->token);
    if (Registry::find(channel_->token) != nullptr) fail("a released token finds a channel");
  }

  const uint64_t seed_;
  Chance chance_;
  const Fate fate_;
  Cluster cluster_;
  Witness witness_;
  std::shared_ptr<Channel> channel_;
  std::unique_ptr<Tenant> home_;
  std::vector<std::unique_ptr<Tenant>> tenants_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stop_{false};
  bool patient_ = false;
  rd_kafka_t *rk_ = nullptr;
};

}  // namespace

void producers_round(uint64_t seed) {
  static std::once_flag once;
  std::call_once(once, tell_when_producing);
  Life(seed).run();
  // the handle's conf had the channel, and the channel what batches never told of had borrowed
  if (LentMemory::alive() != 0) fail("lent memory outlives all who had it");
}

}  // namespace stress
