/** Who may set a property: producers, consumers, or both. */
export type PropertyScope = 'P' | 'C' | '*'

/** `api` marks what only librdkafka's C functions can set: callbacks and objects. */
export type PropertyType = 'string' | 'integer' | 'float' | 'boolean' | 'enum' | 'flags' | 'patterns' | 'api'

/** What is known of one property of librdkafka. */
export interface PropertyFacts {
  readonly scope: PropertyScope
  readonly type: PropertyType
  readonly min?: number
  readonly max?: number
  /** Of an enum or of flags all there are; of a number the words that stand for one. */
  readonly values?: readonly string[]
  readonly default?: string | number | boolean
  /** The name under which librdkafka keeps the value. */
  readonly aliasOf?: string
  /** A property of topics: librdkafka keeps it apart from those of the client. */
  readonly topic?: true
  readonly deprecated?: true
  /** Not in librdkafka's documentation. */
  readonly hidden?: true
}
