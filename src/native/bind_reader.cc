// The reader's thin layer to JavaScript. All functions run on JavaScript's thread; readers go by numbers, which are never
// given twice and name nothing in another environment. Lists of texts come and go as one text with NUL between them: an
// array would have to be read through JavaScript, which a thread that is being terminated refuses.

#include <cmath>
#include <unordered_map>

#include "bind.h"
#include "describe.h"
#include "readback.h"

namespace millrace {
namespace {

// Each has threads and connections of its own: more would be a mistake.
constexpr size_t kMostReaders = 64;
constexpr double kMostNumber = 9007199254740991.0;
constexpr double kMostMs = 86'400'000;

struct OpenReader {
  napi_env env;
  std::shared_ptr<Reader> reader;
  Napi::ThreadSafeFunction wake;
  // the job that was started last, under its own type
  std::shared_ptr<DescribeJob> describe;
  std::shared_ptr<OffsetsJob> offsets;
  std::shared_ptr<ReadJob> read;
};

// Of all environments. The mutex is held for looking up only; what was found is its own environment's.
struct Readers {
  std::mutex mutex;
  std::unordered_map<uint32_t, std::unique_ptr<OpenReader>> all;
  uint32_t next = 1;
};

Readers &readers() {
  static auto *instance = new Readers();
  return *instance;
}

// The environment ends, perhaps in the middle of a job: nobody may call it any more.
void on_thread_end(void *data) {
  auto *open = static_cast<OpenReader *>(data);
  open->reader->close();
  std::lock_guard<std::mutex> lock(readers().mutex);
  auto &all = readers().all;
  for (auto at = all.begin(); at != all.end(); ++at) {
    if (at->second.get() != open) continue;
    all.erase(at);
    return;
  }
}

bool number_of(const Napi::Value &value, double least, double most, double *out) {
  return napi_get_value_double(value.Env(), value, out) == napi_ok && *out >= least && *out <= most;
}

OpenReader *find(const Napi::CallbackInfo &info) {
  double number = 0;
  if (info.Length() < 1 || !number_of(info[0], 1, 4294967295.0, &number)) return nullptr;
  std::lock_guard<std::mutex> lock(readers().mutex);
  const auto found = readers().all.find(static_cast<uint32_t>(number));
  return found == readers().all.end() || found->second->env != info.Env() ? nullptr : found->second.get();
}

// @brief The pieces between NULs; none of an empty text.
std::vector<std::string> pieces_of(const Napi::Value &value) {
  const std::string whole = value.As<Napi::String>().Utf8Value();
  std::vector<std::string> pieces;
  for (size_t from = 0; from < whole.size();) {
    const size_t end = std::min(whole.find('\0', from), whole.size());
    pieces.push_back(whole.substr(from, end - from));
    from = end + 1;
  }
  return pieces;
}

// @returns nothing where the thread is ending
Napi::Value text_of(Napi::Env env, const std::string &text) {
  napi_value value;
  return napi_create_string_utf8(env, text.data(), text.size(), &value) == napi_ok ? Napi::Value(env, value)
                                                                                  : Napi::Value();
}

class Joined {
 public:
  Joined &add(const std::string &piece) {
    text_ += piece;
    text_ += '\0';
    return *this;
  }
  Joined &add(int64_t number) { return add(std::to_string(number)); }
  const std::string &text() const { return text_; }

 private:
  std::string text_;
};

// @returns false where it is no typed array of \p type
template <typename T>
bool elements(const Napi::Value &value, napi_typedarray_type type, std::vector<T> *out) {
  bool is_typed = false;
  if (napi_is_typedarray(value.Env(), value, &is_typed) != napi_ok || !is_typed) return false;
  napi_typedarray_type found;
  void *at = nullptr;
  size_t length = 0;
  if (napi_get_typedarray_info(value.Env(), value, &found, &length, &at, nullptr, nullptr) != napi_ok || found != type)
    return false;
  const T *from = static_cast<const T *>(at);
  // a copy: what is checked is what is used, whoever shares the memory
  if (length > 0) out->assign(from, from + length);
  return true;
}

bool is_offset(double value) { return value >= 0 && value <= kMostNumber && std::floor(value) == value; }

Napi::Value started(Napi::Env env, OpenReader *open, const std::shared_ptr<Job> &job) {
  return Napi::Boolean::New(env, open->reader->start(job));
}

// readerOpen(properties, wake) -> number; a text: why librdkafka refuses the properties. `properties`: name, value, name …
Napi::Value Open(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsString() || !info[1].IsFunction()) return fail(env, "readerOpen(properties, wake)");
  const std::string whole = info[0].As<Napi::String>().Utf8Value();
  // values may be empty, so each piece ends with NUL
  std::vector<std::string> pieces;
  for (size_t from = 0, end; (end = whole.find('\0', from)) != std::string::npos; from = end + 1)
    pieces.push_back(whole.substr(from, end - from));
  if (pieces.empty() || pieces.size() % 2 != 0 || whole.back() != '\0') return fail(env, "readerOpen(properties, wake)");
  std::vector<std::pair<std::string, std::string>> properties;
  for (size_t i = 0; i < pieces.size(); i += 2) properties.emplace_back(pieces[i], pieces[i + 1]);
  {
    std::lock_guard<std::mutex> lock(readers().mutex);
    if (readers().all.size() >= kMostReaders) return fail(env, "too many readers are open");
  }
  auto call = Napi::ThreadSafeFunction::New(env, info[1].As<Napi::Function>(), "millrace reader", 0, 1);
  // in a thread that is being terminated
  if (static_cast<napi_threadsafe_function>(call) == nullptr) return Napi::Value();
  call.Unref(env);
  std::string why;
  auto reader = Reader::open(properties, [call] { call.NonBlockingCall(); }, &why);
  if (reader == nullptr) {
    call.Release();
    return text_of(env, why);
  }
  auto open = std::unique_ptr<OpenReader>(new OpenReader{env, std::move(reader), call, {}, {}, {}});
  // hooks run in reverse order: this one before the function's own, which frees it
  napi_add_env_cleanup_hook(env, on_thread_end, open.get());
  std::lock_guard<std::mutex> lock(readers().mutex);
  const uint32_t number = readers().next++;
  readers().all.emplace(number, std::move(open));
  return Napi::Number::New(env, number);
}

// readerDescribe(number, topics, timeoutMs) -> whether it was started
Napi::Value Describe(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  OpenReader *open = find(info);
  if (open == nullptr) return Napi::Boolean::New(env, false);
  double timeout = 0;
  if (info.Length() < 3 || !info[1].IsString() || !number_of(info[2], 1, kMostMs, &timeout))
    return fail(env, "readerDescribe(number, topics, timeoutMs)");
  auto topics = pieces_of(info[1]);
  if (topics.empty()) return fail(env, "there are no topics");
  if (open->reader->running()) return Napi::Boolean::New(env, false);
  open->describe = std::make_shared<DescribeJob>(std::move(topics), static_cast<int>(timeout));
  return started(env, open, open->describe);
}

// readerOffsets(number, topics, partitions: Int32Array, timeoutMs) -> whether it was started
// `partitions`: for each the place of its topic, and its number.
Napi::Value Offsets(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  OpenReader *open = find(info);
  if (open == nullptr) return Napi::Boolean::New(env, false);
  double timeout = 0;
  std::vector<int32_t> pairs;
  if (info.Length() < 4 || !info[1].IsString() || !elements(info[2], napi_int32_array, &pairs) ||
      !number_of(info[3], 1, kMostMs, &timeout))
    return fail(env, "readerOffsets(number, topics, partitions, timeoutMs)");
  const auto topics = pieces_of(info[1]);
  std::vector<PartitionName> names;
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    if (pairs[i] < 0 || static_cast<size_t>(pairs[i]) >= topics.size() || pairs[i + 1] < 0)
      return fail(env, "a partition is of none of the topics");
    names.push_back({topics[pairs[i]], pairs[i + 1]});
  }
  if (names.empty()) return fail(env, "there are no partitions");
  if (open->reader->running()) return Napi::Boolean::New(env, false);
  open->offsets = std::make_shared<OffsetsJob>(std::move(names), static_cast<int>(timeout));
  return started(env, open, open->offsets);
}

// Kafka has far fewer; what is beyond comes of a mistake, and would only take memory.
constexpr int32_t kMostPartition = 1'000'000;

// readerRead(number, topics, partitions: Int32Array, bounds: Float64Array, runs: Float64Array, timeoutMs) -> whether it was
// started. `partitions` as for readerOffsets; `bounds`: for each its low offset, its limit and how many of the runs are its
// own; `runs`: first and last offset of each, in order within a partition.
Napi::Value Read(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  OpenReader *open = find(info);
  if (open == nullptr) return Napi::Boolean::New(env, false);
  double timeout = 0;
  std::vector<int32_t> pairs;
  std::vector<double> bounds;
  std::vector<double> ends;
  if (info.Length() < 6 || !info[1].IsString() || !elements(info[2], napi_int32_array, &pairs) ||
      !elements(info[3], napi_float64_array, &bounds) || !elements(info[4], napi_float64_array, &ends) ||
      !number_of(info[5], 1, kMostMs, &timeout))
    return fail(env, "readerRead(number, topics, partitions, bounds, runs, timeoutMs)");
  auto topics = pieces_of(info[1]);
  std::vector<OffsetRun> runs(ends.size() / 2);
  for (size_t i = 0; i < runs.size(); i++) {
    if (!is_offset(ends[2 * i]) || !is_offset(ends[2 * i + 1]) || ends[2 * i] > ends[2 * i + 1])
      return fail(env, "a run has no such offsets");
    runs[i] = {static_cast<int64_t>(ends[2 * i]), static_cast<int64_t>(ends[2 * i + 1])};
  }
  if (pairs.size() / 2 * 3 > bounds.size()) return fail(env, "partitions have three bounds each");
  std::vector<PartitionRuns> partitions;
  std::vector<std::pair<int32_t, int32_t>> seen;
  size_t next = 0;
  for (size_t i = 0; i < pairs.size() / 2; i++) {
    const double *bound = &bounds[3 * i];
    if (pairs[2 * i] < 0 || static_cast<size_t>(pairs[2 * i]) >= topics.size() || pairs[2 * i + 1] < 0 ||
        pairs[2 * i + 1] > kMostPartition)
      return fail(env, "a partition is of none of the topics");
    if (!is_offset(bound[0]) || !is_offset(bound[1]) || !is_offset(bound[2]) || bound[2] > runs.size() - next)
      return fail(env, "a partition has no such bounds");
    const size_t end = next + static_cast<size_t>(bound[2]);
    for (size_t run = next + 1; run < end; run++)
      if (runs[run].first <= runs[run - 1].last) return fail(env, "runs are out of order");
    partitions.push_back({static_cast<size_t>(pairs[2 * i]), pairs[2 * i + 1], next, end,
                          static_cast<int64_t>(bound[0]), static_cast<int64_t>(bound[1])});
    seen.emplace_back(pairs[2 * i], pairs[2 * i + 1]);
    next = end;
  }
  // librdkafka must not be asked to read one twice
  std::sort(seen.begin(), seen.end());
  std::sort(topics.begin(), topics.end());
  if (std::adjacent_find(seen.begin(), seen.end()) != seen.end() ||
      std::adjacent_find(topics.begin(), topics.end()) != topics.end())
    return fail(env, "a partition is there twice");
  topics = pieces_of(info[1]);
  if (open->reader->running()) return Napi::Boolean::New(env, false);
  open->read = std::make_shared<ReadJob>(std::move(topics), std::move(partitions), std::move(runs),
                                         static_cast<int>(timeout));
  return started(env, open, open->read);
}

// readerRunning(number)
Napi::Value Running(const Napi::CallbackInfo &info) {
  OpenReader *open = find(info);
  return Napi::Boolean::New(info.Env(), open != nullptr && open->reader->running());
}

// readerProgress(number) -> Float64Array [records, bytes] of the last reading
Napi::Value Progress(const Napi::CallbackInfo &info) {
  OpenReader *open = find(info);
  const ReadProgress now = open == nullptr || !open->read ? ReadProgress{0, 0} : open->read->progress();
  const double values[] = {static_cast<double>(now.records), static_cast<double>(now.bytes)};
  return new_counts(info.Env(), values);
}

// readerEvents(number) -> level, code, facility, text of each, all with NUL behind
Napi::Value Events(const Napi::CallbackInfo &info) {
  OpenReader *open = find(info);
  Joined joined;
  if (open != nullptr) {
    for (const ReaderEvent &event : open->reader->take_events())
      joined.add(event.level).add(event.code).add(event.facility).add(event.text);
  }
  return text_of(info.Env(), joined.text());
}

// @returns the job of that type where it is the reader's and has ended
template <typename T>
T *ended(OpenReader *open, std::shared_ptr<T> OpenReader::*job) {
  return open == nullptr || open->reader->running() ? nullptr : (open->*job).get();
}

// readerDescribed(number) -> error, why, cluster id, then name, error, id, partitions, whether the policy is known, policy
// of each topic; all with NUL behind. Empty while there is none.
Napi::Value Described(const Napi::CallbackInfo &info) {
  const DescribeJob *job = ended(find(info), &OpenReader::describe);
  Joined joined;
  if (job != nullptr) {
    joined.add(job->error).add(job->why).add(job->cluster_id);
    for (const TopicFacts &topic : job->topics)
      joined.add(topic.name)
          .add(topic.error)
          .add(topic.id)
          .add(topic.partitions)
          .add(topic.has_policy ? 1 : 0)
          .add(topic.cleanup_policy);
  }
  return text_of(info.Env(), joined.text());
}

// readerFailure(number, kind: 0 describe, 1 offsets, 2 read) -> error and why, with NUL behind; empty while there is none
Napi::Value Failure(const Napi::CallbackInfo &info) {
  OpenReader *open = find(info);
  double kind = 0;
  if (info.Length() < 2 || !number_of(info[1], 0, 2, &kind)) return fail(info.Env(), "readerFailure(number, kind)");
  const Job *job = nullptr;
  if (kind == 0) job = ended(open, &OpenReader::describe);
  else if (kind == 1) job = ended(open, &OpenReader::offsets);
  else job = ended(open, &OpenReader::read);
  Joined joined;
  if (job != nullptr) joined.add(job->error).add(job->why);
  return text_of(info.Env(), joined.text());
}

// readerFound(number, offsets: Float64Array): error, low, high, stable of each partition of readerOffsets
// -> whether there was a result, and room for it
Napi::Value Found(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  const OffsetsJob *job = ended(find(info), &OpenReader::offsets);
  if (job == nullptr || info.Length() < 2 || !info[1].IsTypedArray()) return Napi::Boolean::New(env, false);
  auto out = info[1].As<Napi::Float64Array>();
  if (out.TypedArrayType() != napi_float64_array || out.ElementLength() != 4 * job->offsets.size())
    return Napi::Boolean::New(env, false);
  double *to = out.Data();
  for (const PartitionOffsets &one : job->offsets) {
    *to++ = one.error;
    *to++ = static_cast<double>(one.low);
    *to++ = static_cast<double>(one.high);
    *to++ = static_cast<double>(one.stable);
  }
  return Napi::Boolean::New(env, true);
}

// readerSums(number, partitions: Float64Array, records: Float64Array, hashes: BigUint64Array): error, next offset and
// whether it was read to its end of each partition of readerRead; how many records each run has, and the sums of their hashes
// -> whether there was a result, and room for it
Napi::Value Sums(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  const ReadJob *job = ended(find(info), &OpenReader::read);
  if (job == nullptr || info.Length() < 4 || !info[1].IsTypedArray() || !info[2].IsTypedArray() ||
      !info[3].IsTypedArray())
    return Napi::Boolean::New(env, false);
  auto partitions = info[1].As<Napi::Float64Array>();
  auto records = info[2].As<Napi::Float64Array>();
  auto hashes = info[3].As<Napi::TypedArrayOf<uint64_t>>();
  if (partitions.TypedArrayType() != napi_float64_array || records.TypedArrayType() != napi_float64_array ||
      hashes.TypedArrayType() != napi_biguint64_array || partitions.ElementLength() != 3 * job->partitions().size() ||
      records.ElementLength() != job->runs().size() || hashes.ElementLength() != job->runs().size())
    return Napi::Boolean::New(env, false);
  double *to = partitions.Data();
  for (const PartitionRuns &one : job->partitions()) {
    *to++ = one.error;
    *to++ = static_cast<double>(one.next);
    *to++ = one.done ? 1 : 0;
  }
  double *counts = records.Data();
  uint64_t *sums = hashes.Data();
  for (const OffsetRun &run : job->runs()) {
    *counts++ = static_cast<double>(run.records);
    *sums++ = run.hash;
  }
  return Napi::Boolean::New(env, true);
}

// readerCancel(number): what runs ends soon, with what it has
Napi::Value Cancel(const Napi::CallbackInfo &info) {
  if (OpenReader *open = find(info)) open->reader->cancel();
  return Napi::Value();
}

// readerClose(number): waits a moment for what runs; JavaScript will not ask for it again
Napi::Value Close(const Napi::CallbackInfo &info) {
  OpenReader *open = find(info);
  if (open == nullptr) return Napi::Value();
  napi_remove_env_cleanup_hook(info.Env(), on_thread_end, open);
  // released after the last call: closing silences whoever would call
  Napi::ThreadSafeFunction wake = open->wake;
  on_thread_end(open);
  wake.Release();
  return Napi::Value();
}

}  // namespace

void bind_reader(Napi::Env env, Napi::Object exports) {
  expose(env, exports, "readerOpen", Open);
  expose(env, exports, "readerDescribe", Describe);
  expose(env, exports, "readerOffsets", Offsets);
  expose(env, exports, "readerRead", Read);
  expose(env, exports, "readerRunning", Running);
  expose(env, exports, "readerProgress", Progress);
  expose(env, exports, "readerEvents", Events);
  expose(env, exports, "readerFailure", Failure);
  expose(env, exports, "readerDescribed", Described);
  expose(env, exports, "readerFound", Found);
  expose(env, exports, "readerSums", Sums);
  expose(env, exports, "readerCancel", Cancel);
  expose(env, exports, "readerClose", Close);
}

}  // namespace millrace
