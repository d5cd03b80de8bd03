import type { librdkafkaProperties } from './librdkafka-properties.generated.ts'
import type { OwnedProperty } from './owned.ts'

type Table = typeof librdkafkaProperties

/** Names that a producer of millrace takes: not those of consumers, callbacks, or millrace itself. */
export type ProducerPropertyName = {
  [Name in keyof Table]: Table[Name] extends { scope: 'C' } | { type: 'api' }
    ? never
    : Name extends OwnedProperty
      ? never
      : Name
}[keyof Table]

type Words<Facts> = Facts extends { values: readonly (infer Value extends string)[] } ? Value : never

type ValueOf<Facts> = Facts extends { type: 'boolean' }
  ? boolean | 'true' | 'false'
  : Facts extends { type: 'integer' | 'float' }
    ? number | `${number}` | Words<Facts>
    : Facts extends { type: 'enum' }
      ? // Java's SASL_SSL beside librdkafka's sasl_ssl
        Words<Facts> | Uppercase<Words<Facts>>
      : string

/** librdkafka's properties, as far as a producer has them, by every name they have. */
export type ProducerProperties = {
  readonly [Name in ProducerPropertyName]?: ValueOf<Table[Name]> | undefined
}
