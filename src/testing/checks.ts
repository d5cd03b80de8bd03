import { checkTopic } from '../engine/message.ts'
import { describe, MillraceError } from '../errors.ts'

const MAX_BROKERS = 100
export const MAX_PARTITIONS = 10_000
/** A day: whatever waits longer is a mistake of units. */
const MAX_RTT_MS = 86_400_000

/** What a method was given, checked where it comes in: librdkafka's mock cluster asserts, or believes it. */

export function checkBrokers(brokers: number): void {
  whole('An embedded cluster has', brokers, 1, MAX_BROKERS, 'brokers')
}

export function checkPartitions(partitions: number): void {
  whole('A topic of the embedded cluster has', partitions, 1, MAX_PARTITIONS, 'partitions')
}

export function checkReplicas(replicationFactor: number, brokers: number): void {
  whole('The replication factor is', replicationFactor, 1, brokers, 'here, one a broker at most')
}

export function checkRtt(milliseconds: number): void {
  whole('A round trip time is', milliseconds, 0, MAX_RTT_MS, 'ms')
}

export function checkPartition(partition: number): void {
  whole('A partition is', partition, 0, MAX_PARTITIONS - 1, 'counted from 0')
}

/** One broker of so many; their ids begin at 1. */
export function checkBroker(broker: number, brokers: number): void {
  whole('The brokers of this cluster are', broker, 1, brokers, 'by id')
}

export function checkTopicName(topic: string): void {
  try {
    checkTopic(topic)
  } catch (cause) {
    throw new MillraceError('USAGE', describe(cause), { cause })
  }
}

function whole(what: string, given: unknown, min: number, max: number, unit: string): void {
  if (Number.isInteger(given) && (given as number) >= min && (given as number) <= max) return
  throw new MillraceError('USAGE', `${what} ${min} to ${max} ${unit}, not ${String(given)}`)
}
