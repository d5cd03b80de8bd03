#include "reader.h"

namespace millrace {
namespace {

// A broker that is gone is told of again and again; the first lines say why.
constexpr size_t kMostEvents = 1000;

}  // namespace

std::shared_ptr<Reader> Reader::open(const std::vector<std::pair<std::string, std::string>> &properties,
                                     std::function<void()> wake, std::string *why) {
  const Kafka *kafka = Kafka::get(why);
  if (kafka == nullptr) return nullptr;
  std::shared_ptr<Reader> reader(new Reader());
  reader->kafka_ = kafka;
  char text[512];
  rd_kafka_conf_t *conf = kafka->rd_kafka_conf_new();
  kafka->rd_kafka_conf_set_opaque(conf, reader.get());
  kafka->rd_kafka_conf_set_log_cb(conf, on_log);
  kafka->rd_kafka_conf_set_error_cb(conf, on_error);
  for (const auto &[name, value] : properties) {
    if (kafka->rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof(text)) == RD_KAFKA_CONF_OK) continue;
    *why = text;
    kafka->rd_kafka_conf_destroy(conf);
    return nullptr;
  }
  reader->rk_ = kafka->rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
  if (reader->rk_ == nullptr) {
    *why = text;
    kafka->rd_kafka_conf_destroy(conf);
    return nullptr;
  }
  reader->waker_.speak(std::move(wake));
  return reader;
}

Reader::~Reader() { close(); }

bool Reader::start(std::shared_ptr<Job> job) {
  if (rk_ == nullptr || running()) return false;
  if (thread_.joinable()) thread_.join();
  cancelled_.store(false);
  running_.store(true);
  waker_.look();
  job_ = std::move(job);
  thread_ = std::thread([this] {
    job_->run({kafka_, rk_, &cancelled_});
    running_.store(false);
    waker_.wake();
  });
  return true;
}

void Reader::close() {
  waker_.silence();
  cancel();
  if (thread_.joinable()) thread_.join();
  if (rk_ != nullptr) kafka_->rd_kafka_destroy_flags(rk_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  rk_ = nullptr;
}

std::vector<ReaderEvent> Reader::take_events() {
  std::lock_guard<std::mutex> lock(events_mutex_);
  return std::exchange(events_, {});
}

// @locality any thread of librdkafka's
void Reader::on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text) {
  // while properties are set there is no handle yet
  if (rk == nullptr) return;
  auto *self = static_cast<Reader *>(Kafka::get()->rd_kafka_opaque(rk));
  self->note({level, 0, facility, text});
}

// @locality a job's thread, when it polls
void Reader::on_error(rd_kafka_t *, int code, const char *reason, void *opaque) {
  static_cast<Reader *>(opaque)->note({3, code, "ERROR", reason});
}

void Reader::note(ReaderEvent event) {
  std::lock_guard<std::mutex> lock(events_mutex_);
  if (events_.size() < kMostEvents) events_.push_back(std::move(event));
}

}  // namespace millrace
