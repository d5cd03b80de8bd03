import { factsOf } from './names.ts'
import type { PropertyValue } from './values.ts'

export interface SplitProperties {
  readonly global: Record<string, PropertyValue>
  readonly topic: Record<string, PropertyValue>
}

/**
 * The two arguments of node-rdkafka's Producer. It needs them apart: whatever its second argument is,
 * it replaces the properties of topics that were among the first (acks, partitioner,
 * delivery.timeout.ms, compression.level, …), and says so only in librdkafka's log.
 */
export function splitProperties(properties: Readonly<Record<string, PropertyValue>>): SplitProperties {
  const entries = Object.entries(properties)
  return {
    global: Object.fromEntries(entries.filter(([name]) => !factsOf(name)?.topic)),
    topic: Object.fromEntries(entries.filter(([name]) => factsOf(name)?.topic)),
  }
}
