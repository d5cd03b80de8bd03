import type { Fault } from '../errors.ts'
import { loadClient } from './load.ts'

/** What is known of one of Kafka's or librdkafka's errors. */
export interface KafkaError {
  /** Kafka's number; librdkafka's own are negative. */
  readonly code: number
  /** TOPIC_AUTHORIZATION_FAILED, _MSG_TIMED_OUT, … */
  readonly name: string
  /** librdkafka's text. */
  readonly text: string
  readonly retriable: boolean
  readonly fault: Fault
  /** What happened and what to do, where more can be said than the text does. */
  readonly advice: string | undefined
}

export const NO_ERROR = 0
export const FATAL = -150
export const QUEUE_FULL = -184
export const DESTROY = -197

/** Errors that a record brings upon itself, or upon its batch: the same would fail anywhere, any time. */
const recordFaults: Readonly<Record<string, string>> = {
  MSG_SIZE_TOO_LARGE:
    'The batch that carried the message is beyond the limit of the topic (max.message.bytes) or of this client ' +
    '(message.max.bytes); make messages smaller, keep batch.size below the limit, or raise it',
  RECORD_LIST_TOO_LARGE:
    "The batch is larger than a segment of the topic's log; lower batch.size or raise segment.bytes",
  INVALID_RECORD:
    'The broker refused a record of the batch, and with it the batch: a compacted topic takes no message without key',
  INVALID_TIMESTAMP:
    "The timestamp is further from the broker's clock than the topic allows (message.timestamp.before.max.ms, " +
    'message.timestamp.after.max.ms)',
  UNSUPPORTED_FOR_MESSAGE_FORMAT: "The topic's message format is too old for this message",
  _INVALID_DIFFERENT_RECORD:
    'The broker refused another record of the batch, and with it the batch; this one can be sent again',
  _BAD_MSG: 'The message could not be encoded',
  _INVALID_ARG: 'The message has a field that librdkafka does not take',
  _UNKNOWN_PARTITION: 'The topic has no such partition; leave `partition` out to let the partitioner choose',
}

/** Errors that leave no doubt that nothing is in the log, and are not the record's fault. */
const neverPersisted = new Set([
  '_UNKNOWN_TOPIC',
  'UNKNOWN_TOPIC_OR_PART',
  'TOPIC_EXCEPTION',
  'INVALID_REQUIRED_ACKS',
])

const retriableNames = new Set([
  'INVALID_MSG',
  'UNKNOWN_TOPIC_OR_PART',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'REQUEST_TIMED_OUT',
  'BROKER_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'KAFKA_STORAGE_ERROR',
  'THROTTLING_QUOTA_EXCEEDED',
  'CONCURRENT_TRANSACTIONS',
  '_TRANSPORT',
  '_RESOLVE',
  '_MSG_TIMED_OUT',
  '_ALL_BROKERS_DOWN',
  '_TIMED_OUT',
  '_QUEUE_FULL',
  '_ISR_INSUFF',
  '_WAIT_COORD',
  '_TIMED_OUT_QUEUE',
  '_WAIT_CACHE',
  '_INTR',
  '_RETRY',
  '_PURGE_QUEUE',
  '_PURGE_INFLIGHT',
])

const clusterAdvice: Readonly<Record<string, string>> = {
  _MSG_TIMED_OUT:
    'No acknowledgement came within delivery.timeout.ms (message.timeout.ms): the broker or the leader of the partition was not ' +
    'reachable, or is too slow for the load. Check that the brokers are up',
  _UNKNOWN_TOPIC:
    'The cluster has no such topic. Create it first, or allow the producer to make it ' +
    '(allow.auto.create.topics=true, where the broker permits that)',
  UNKNOWN_TOPIC_OR_PART:
    'The cluster has no such topic or partition, or may not show it to you. Create it, or check the name',
  TOPIC_AUTHORIZATION_FAILED:
    'The credentials may not write to this topic; ask for the WRITE permission (ACL)',
  CLUSTER_AUTHORIZATION_FAILED:
    'The credentials may not do this on the cluster; idempotent producers need IDEMPOTENT_WRITE on brokers before 2.8',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'The credentials may not use this transactional.id',
  NOT_ENOUGH_REPLICAS: 'Fewer replicas are in sync than min.insync.replicas asks for; nothing was written',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 'The message was written, but too few replicas confirmed it',
  POLICY_VIOLATION: "The request breaks a policy that the cluster's operator set",
  THROTTLING_QUOTA_EXCEEDED: 'The quota of this client is used up; send more slowly or raise it',
  TOPIC_EXCEPTION: "The topic's name is not valid, or the topic is internal to the cluster",
  _FATAL: 'The producer cannot go on; make a new one and send again what was not delivered',
  _TRANSPORT: 'The connection to the broker broke',
  _ALL_BROKERS_DOWN: 'No broker can be reached',
  _DESTROY: 'The producer was closed before the acknowledgement came',
  OUT_OF_ORDER_SEQUENCE_NUMBER:
    'The broker lost messages of this producer, or another producer used its identity',
  PRODUCER_FENCED: 'Another producer with the same transactional.id took over',
  INVALID_PRODUCER_EPOCH: 'Another producer with the same transactional.id took over',
  _FENCED:
    'Another producer with the same transactional.id took over, or the transaction outlived its timeout',
}

let byCode: Map<number, KafkaError> | undefined
let byText: Map<string, KafkaError> | undefined

/** librdkafka's own table of errors, for workers: node-rdkafka, which has it too, cannot be loaded there. */
export function useErrors(errors: readonly (readonly [code: number, name: string, text: string])[]): void {
  byCode = new Map()
  byText = new Map()
  for (const [code, name, text] of errors) {
    // older names of some stand behind the newer ones
    if (byCode.has(code)) continue
    const error: KafkaError = {
      code,
      name,
      text,
      retriable: retriableNames.has(name),
      fault: name in recordFaults ? 'record' : 'cluster',
      advice: recordFaults[name] ?? clusterAdvice[name],
    }
    byCode.set(code, error)
    byText.set(reportKey(error.text), error)
  }
}

function build(): void {
  const { rdkafka, native } = loadClient()
  const constants = Object.entries(rdkafka.CODES.ERRORS as unknown as Record<string, number>)
  // ERR__MSG_TIMED_OUT is librdkafka's _MSG_TIMED_OUT, ERR_REQUEST_TIMED_OUT Kafka's REQUEST_TIMED_OUT
  useErrors(
    constants.map(([constant, code]) => [code, constant.replace(/^ERR_/, ''), native.err2str(code)] as const),
  )
}

/**
 * How node-rdkafka renders an error text in a delivery report: `Local: Message timed out` becomes
 * origin `local` and message `message timed out`. The number is lost there (lib/error.js sets -1 for
 * every error that came as text), the text is not, and each error has a text of its own.
 */
function reportKey(text: string): string {
  const parts = text.split(': ')
  return parts.length > 1 ? `${parts[0]}: ${parts[1]}`.toLowerCase() : `unknown: ${text.toLowerCase()}`
}

/** The error of a number; one that librdkafka does not know has the name UNKNOWN_<number>. */
export function kafkaError(code: number): KafkaError {
  if (byCode === undefined) build()
  return (
    byCode?.get(code) ?? {
      code,
      name: `UNKNOWN_${code}`,
      text: `Err-${code}?`,
      retriable: false,
      fault: 'cluster',
      advice: undefined,
    }
  )
}

/** An error as node-rdkafka hands it over, with or without its number. */
export interface ClientError {
  readonly message: string
  readonly code?: number
  readonly origin?: string
}

/** Finds Kafka's own error behind one of node-rdkafka's, by number or, where it lost that, by text. */
export function identify(error: ClientError): KafkaError {
  if (typeof error.code === 'number' && error.code !== -1) return kafkaError(error.code)
  if (byText === undefined) build()
  const known = byText?.get(`${error.origin ?? 'unknown'}: ${error.message}`.toLowerCase())
  // UNKNOWN is -1 in Kafka's protocol too: what cannot be found out is called that
  return known ?? { ...kafkaError(-1), text: error.message }
}

/**
 * Whether a message that ended so may be in the log, told from the error alone (the callback engine
 * has no message status). Only errors that any attempt would meet rule it out: after others an earlier
 * attempt, whose answer was lost, may have been written.
 */
export function possiblyPersisted(error: KafkaError): boolean {
  return error.fault !== 'record' && !neverPersisted.has(error.name)
}
