import { nearest } from '../nearest.ts'
import type { PropertyFacts } from './facts.ts'
import { librdkafkaProperties } from './librdkafka-properties.generated.ts'
import { ownedProperties } from './owned.ts'

const table: ReadonlyMap<string, PropertyFacts> = new Map(Object.entries(librdkafkaProperties))

/** Where librdkafka keeps a value under an old name, the one that Kafka's documentation uses. */
const kafkaNames: ReadonlyMap<string, string> = new Map([
  ['metadata.broker.list', 'bootstrap.servers'],
  ['queue.buffering.max.ms', 'linger.ms'],
  ['message.send.max.retries', 'retries'],
  ['compression.codec', 'compression.type'],
  ['request.required.acks', 'acks'],
  ['message.timeout.ms', 'delivery.timeout.ms'],
  ['sasl.mechanisms', 'sasl.mechanism'],
])

/** Every name that librdkafka knows, those of consumers and callbacks included. */
export const propertyNames: readonly string[] = [...table.keys()]

/** What is known of a property; undefined where librdkafka has none of that name. */
export function factsOf(name: string): PropertyFacts | undefined {
  return table.get(unprefixed(name))
}

/** librdkafka knows every property of topics as `topic.…` too. */
function unprefixed(name: string): string {
  const rest = name.startsWith('topic.') ? name.slice('topic.'.length) : name
  return table.get(rest)?.topic ? rest : name
}

/**
 * The one name under which millrace keeps a property, Kafka's own where there are several:
 * `queue.buffering.max.ms` is `linger.ms`. A name that is not known is returned as it is.
 */
export function canonicalName(name: string): string {
  const plain = unprefixed(name)
  const kept = table.get(plain)?.aliasOf ?? plain
  return kafkaNames.get(kept) ?? kept
}

const settable = propertyNames.filter(
  name => table.get(name)?.type !== 'api' && table.get(name)?.scope !== 'C' && !(name in ownedProperties),
)

/** The property that was probably meant, if one is near enough to be worth a mention. */
export function nearestProperty(name: string): string | undefined {
  // bootstrapServers, bootstrap_servers and Bootstrap-Servers are all bootstrap.servers to a reader
  const dotted = name
    .replace(/([a-z0-9])([A-Z])/g, '$1.$2')
    .replace(/[-_]/g, '.')
    .toLowerCase()
  return nearest(dotted, settable)
}
