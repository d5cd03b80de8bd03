import { MillraceError } from '../errors.ts'
import { nearest } from '../nearest.ts'

/** The requests into which the embedded cluster can put errors, by Kafka's names; Metadata is not among them. */
export const apiKeys = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  LeaveGroup: 13,
  SyncGroup: 14,
  ApiVersions: 18,
  InitProducerId: 22,
  OffsetForLeaderEpoch: 23,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  TxnOffsetCommit: 28,
  ConsumerGroupHeartbeat: 68,
  GetTelemetrySubscriptions: 71,
  PushTelemetry: 72,
} as const

export type ApiName = keyof typeof apiKeys

/** Errors that a broker may answer with, by the names that `DeliveryError.kafkaName` has for them. */
export const errorNumbers = {
  OFFSET_OUT_OF_RANGE: 1,
  INVALID_MSG: 2,
  UNKNOWN_TOPIC_OR_PART: 3,
  INVALID_MSG_SIZE: 4,
  LEADER_NOT_AVAILABLE: 5,
  NOT_LEADER_FOR_PARTITION: 6,
  REQUEST_TIMED_OUT: 7,
  BROKER_NOT_AVAILABLE: 8,
  REPLICA_NOT_AVAILABLE: 9,
  MSG_SIZE_TOO_LARGE: 10,
  OFFSET_METADATA_TOO_LARGE: 12,
  NETWORK_EXCEPTION: 13,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  TOPIC_EXCEPTION: 17,
  RECORD_LIST_TOO_LARGE: 18,
  NOT_ENOUGH_REPLICAS: 19,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 20,
  INVALID_REQUIRED_ACKS: 21,
  ILLEGAL_GENERATION: 22,
  INCONSISTENT_GROUP_PROTOCOL: 23,
  INVALID_GROUP_ID: 24,
  UNKNOWN_MEMBER_ID: 25,
  INVALID_SESSION_TIMEOUT: 26,
  REBALANCE_IN_PROGRESS: 27,
  INVALID_COMMIT_OFFSET_SIZE: 28,
  TOPIC_AUTHORIZATION_FAILED: 29,
  GROUP_AUTHORIZATION_FAILED: 30,
  CLUSTER_AUTHORIZATION_FAILED: 31,
  INVALID_TIMESTAMP: 32,
  UNSUPPORTED_VERSION: 35,
  INVALID_REQUEST: 42,
  UNSUPPORTED_FOR_MESSAGE_FORMAT: 43,
  POLICY_VIOLATION: 44,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  DUPLICATE_SEQUENCE_NUMBER: 46,
  INVALID_PRODUCER_EPOCH: 47,
  INVALID_TXN_STATE: 48,
  INVALID_PRODUCER_ID_MAPPING: 49,
  INVALID_TRANSACTION_TIMEOUT: 50,
  CONCURRENT_TRANSACTIONS: 51,
  TRANSACTION_COORDINATOR_FENCED: 52,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 53,
  SECURITY_DISABLED: 54,
  OPERATION_NOT_ATTEMPTED: 55,
  KAFKA_STORAGE_ERROR: 56,
  UNKNOWN_PRODUCER_ID: 59,
  FETCH_SESSION_ID_NOT_FOUND: 70,
  INVALID_FETCH_SESSION_EPOCH: 71,
  FENCED_LEADER_EPOCH: 74,
  UNKNOWN_LEADER_EPOCH: 75,
  UNSUPPORTED_COMPRESSION_TYPE: 76,
  OFFSET_NOT_AVAILABLE: 78,
  MEMBER_ID_REQUIRED: 79,
  GROUP_MAX_SIZE_REACHED: 81,
  FENCED_INSTANCE_ID: 82,
  INVALID_RECORD: 87,
  UNSTABLE_OFFSET_COMMIT: 88,
  THROTTLING_QUOTA_EXCEEDED: 89,
  PRODUCER_FENCED: 90,
  UNKNOWN_TOPIC_ID: 100,
  FENCED_MEMBER_EPOCH: 110,
  UNRELEASED_INSTANCE_ID: 111,
  UNSUPPORTED_ASSIGNOR: 112,
  STALE_MEMBER_EPOCH: 113,
  UNKNOWN_SUBSCRIPTION_ID: 117,
  TELEMETRY_TOO_LARGE: 118,
} as const

export type ErrorName = keyof typeof errorNumbers

/** What a request can be met with; `_TRANSPORT`: the connection is closed instead of an answer. */
export type RequestError = ErrorName | '_TRANSPORT'

/** librdkafka's own number for a broken connection, which its mock brokers take as the order to break it. */
const TRANSPORT = -195

/** Kafka's present names of errors that librdkafka knows by older ones. */
const renamed: Readonly<Record<string, ErrorName>> = {
  CORRUPT_MESSAGE: 'INVALID_MSG',
  UNKNOWN_TOPIC_OR_PARTITION: 'UNKNOWN_TOPIC_OR_PART',
  INVALID_FETCH_SIZE: 'INVALID_MSG_SIZE',
  NOT_LEADER_OR_FOLLOWER: 'NOT_LEADER_FOR_PARTITION',
  MESSAGE_TOO_LARGE: 'MSG_SIZE_TOO_LARGE',
  INVALID_TOPIC_EXCEPTION: 'TOPIC_EXCEPTION',
}

/** @throws MillraceError USAGE, with the nearest name there is */
export function apiKey(api: ApiName): number {
  if (Object.hasOwn(apiKeys, api)) return apiKeys[api]
  const metadata = (api as string) === 'Metadata'
  throw unknownName(
    `There is no request ${show(api)} that the embedded cluster can be told to fail`,
    metadata ? undefined : nearestOf(api, Object.keys(apiKeys)),
    metadata ? 'Metadata has errors by topic: setTopicError, setLeader' : Object.keys(apiKeys).join(', '),
  )
}

/** @throws MillraceError USAGE, with the nearest name there is */
export function errorNumber(error: ErrorName): number {
  if (Object.hasOwn(errorNumbers, error)) return errorNumbers[error]
  const meant = Object.hasOwn(renamed, error) ? renamed[error] : nearestOf(error, Object.keys(errorNumbers))
  throw unknownName(
    `There is no error ${show(error)} that a broker answers with`,
    meant,
    'Give the name that DeliveryError.kafkaName has for it',
  )
}

/** As `errorNumber`, for what a request can be met with. */
export function requestErrorNumber(error: RequestError): number {
  return error === '_TRANSPORT' ? TRANSPORT : errorNumber(error)
}

function nearestOf(given: unknown, names: readonly string[]): string | undefined {
  if (typeof given !== 'string') return undefined
  const found = nearest(
    given.toLowerCase(),
    names.map(name => name.toLowerCase()),
  )
  return names.find(name => name.toLowerCase() === found)
}

function show(given: unknown): string {
  return typeof given === 'string' ? JSON.stringify(given) : String(given)
}

function unknownName(text: string, near: string | undefined, otherwise: string): MillraceError {
  return new MillraceError('USAGE', text, { hint: near === undefined ? otherwise : `Did you mean ${near}?` })
}
