export type { KafkaError } from './client/kafka-errors.ts'
export type { Throttle } from './client/producer-client.ts'
export type { LogLine } from './client/witness.ts'
export type { ProducerProperties } from './config/index.ts'
export type { VisitRun } from './engine/delivery-runs.ts'
export type { Failure } from './engine/engine.ts'
export {
  DeliveryError,
  type DeliveryErrorFields,
  type ErrorCode,
  errorCodes,
  type Fault,
  MillraceError,
} from './errors.ts'
export { Histogram } from './latency/index.ts'
export type { PartitionAccount } from './load/account.ts'
export { load } from './load/index.ts'
export type { LoadEvents, Loading, LoadStart } from './load/loading.ts'
export type { LoadOptions, OnBadRecord } from './load/options.ts'
export type { LoadProgress } from './load/progress.ts'
export type { ResumeMode } from './load/receipt/lines.ts'
export type { MaxRejected } from './load/rejections.ts'
export type { LoadResult, Outcome as LoadOutcome } from './load/result.ts'
export type { Waiting as LoadWaiting } from './load/stall.ts'
export { AttachedProducer, type AttachedProducerEvents, type DetachResult } from './producer/attached.ts'
export type { Item, ProduceFailure, ProduceFromOptions, Source } from './producer/produce-from.ts'
export {
  type CloseOptions,
  type ConnectOptions,
  Producer,
  type ProducerEvents,
  type ProducerState,
} from './producer/producer.ts'
export type { BatchResult, CloseResult, ProduceResult, ProducerCounts } from './producer/results.ts'
export type { BatchOptions, FlushOptions, SendOptions } from './producer/sender.ts'
export type { ProducerToken } from './producer/share.ts'
export type {
  BrokerDescription,
  PartitionDescription,
  PartitionLeader,
  TopicDescription,
} from './producer/topic.ts'
export type { Transaction, TransactionOptions, TransactionResult } from './producer/transaction.ts'
export {
  type Bytes,
  type Delivery,
  type Detail,
  type Framed,
  type Header,
  type Headers,
  type Message,
  NO_BYTES,
} from './types.ts'
