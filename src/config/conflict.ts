import type { ErrorCode } from '../errors.ts'
import { canonicalName } from './names.ts'
import type { PropertyValue } from './values.ts'

/** Checked properties under their canonical names. */
export type Values = Readonly<Record<string, PropertyValue>>

/** What librdkafka refuses together, in its rd_kafka_conf_finalize and its SASL mechanisms. */
export interface Conflict {
  /** The properties that contradict, or the one that asks for what is missing. */
  readonly properties: readonly string[]
  /** Follows the properties in the message. */
  readonly why: string
  readonly hint: string
  readonly code?: ErrorCode
}

/** Whether the user gave the property; librdkafka takes an empty string for none. */
export function isSet(values: Values, name: string): boolean {
  const value = values[canonicalName(name)]
  return value !== undefined && value !== ''
}
