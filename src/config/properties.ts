import { MillraceError } from '../errors.ts'
import { checkCombinations } from './combinations.ts'
import { contradictionsOfIdempotence, requestForIdempotence } from './idempotence.ts'
import { javaHint } from './java.ts'
import { canonicalName, factsOf, nearestProperty } from './names.ts'
import { ownedReason } from './owned.ts'
import { isSecret } from './redact.ts'
import { assigned, located, refusal } from './refusals.ts'
import { checkValue, type PropertyValue } from './values.ts'

export { requireBrokers } from './brokers.ts'
export type { ProducerProperties } from './producer-properties.ts'

export interface CheckedProperties {
  /** Under canonical names (see `canonicalName`), with values of the property's own type. */
  readonly properties: Record<string, PropertyValue>
  /** For people; no secret is in them. */
  readonly warnings: string[]
}

interface Given {
  readonly name: string
  readonly value: PropertyValue
}

/**
 * Checks properties by librdkafka's table. Undefined values are left out; consumers' properties are
 * dropped with one warning. `sources` tells errors and warnings where a property was set.
 * @throws MillraceError CONFIG_UNKNOWN_PROPERTY with the nearest name or what to use instead of
 * Java's; CONFIG_INVALID_VALUE for a value out of type or range, for what millrace sets itself, and
 * for properties that contradict; CONFIG_MISSING for one that another needs
 */
export function checkProperties(
  input: Readonly<Record<string, unknown>>,
  sources?: ReadonlyMap<string, string>,
): CheckedProperties {
  const given = new Map<string, Given>()
  const ofConsumers: string[] = []
  const deprecated: string[] = []
  const warnings: string[] = []
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined) continue
    const source = sources?.get(name)
    const facts = settableFacts(name, source)
    if (facts.scope === 'C') {
      ofConsumers.push(name)
      continue
    }
    const checked = checkValue(name, facts, value, source)
    refuseSecondName(given.get(canonicalName(name)), { name, value: checked }, sources)
    given.set(canonicalName(name), { name, value: checked })
    if (facts.deprecated) deprecated.push(name)
    if (isSecret(name) && !name.endsWith('.pem') && /^\s/.test(String(checked))) {
      warnings.push(`${located(name, source)} begins with white space, which librdkafka takes away`)
    }
  }
  const properties = Object.fromEntries([...given].map(([name, { value }]) => [name, value]))
  checkCombinations(properties, byCanonicalName(sources))
  if (ofConsumers.length > 0) {
    warnings.push(`${ofConsumers.join(', ')}: left out; only consumers have that, and this is a producer`)
  }
  if (deprecated.length > 0) warnings.push(`${deprecated.join(', ')}: deprecated in librdkafka`)
  return { properties, warnings: [...warnings, ...saslWarnings(properties)] }
}

function settableFacts(name: string, source: string | undefined) {
  const reason = ownedReason(name)
  if (reason !== undefined) {
    throw refusal(name, `cannot be set: ${reason}`, { source, hint: 'Leave it out' })
  }
  const facts = factsOf(name)
  if (facts === undefined) throw unknownProperty(name, source)
  if (facts.type === 'api' && facts.scope !== 'C') {
    throw refusal(name, "cannot be set: it belongs to librdkafka's C interface", {
      source,
      hint: 'Leave it out',
    })
  }
  return facts
}

function unknownProperty(name: string, source: string | undefined): MillraceError {
  // what is no name at all may be a line of a key that got in its place
  const plausible = /^[\w.-]{1,60}$/.test(name)
  const near = plausible ? nearestProperty(name) : undefined
  const guess = near === undefined ? 'See the CONFIGURATION.md of librdkafka' : `Did you mean ${near}?`
  return refusal(plausible ? name : 'a name that is not shown', 'is no property of librdkafka', {
    source,
    hint: javaHint(name) ?? guess,
    code: 'CONFIG_UNKNOWN_PROPERTY',
  })
}

function refuseSecondName(
  before: Given | undefined,
  now: Given,
  sources: ReadonlyMap<string, string> | undefined,
): void {
  if (before === undefined || before.value === now.value) return
  const [first, second] = [before, now].map(({ name, value }) =>
    located(assigned(name, value), sources?.get(name)),
  )
  throw new MillraceError('CONFIG_INVALID_VALUE', `${first} and ${second} are one property with two values`, {
    hint: `Keep one of them; Kafka calls it ${canonicalName(now.name)}`,
    context: { property: now.name, properties: [before.name, now.name] },
  })
}

function byCanonicalName(sources: ReadonlyMap<string, string> | undefined): ReadonlyMap<string, string> {
  return new Map([...(sources ?? [])].map(([name, source]) => [canonicalName(name), source]))
}

function saslWarnings(properties: Readonly<Record<string, PropertyValue>>): string[] {
  const given = ['sasl.mechanism', 'sasl.username', 'sasl.password'].filter(name => name in properties)
  if (given.length === 0) return []
  if (!String(properties['security.protocol']).startsWith('sasl')) {
    return [
      `${given.join(', ')}: without effect, as security.protocol is neither SASL_SSL nor SASL_PLAINTEXT`,
    ]
  }
  const credentials = given.filter(name => name !== 'sasl.mechanism')
  const kerberos = (properties['sasl.mechanism'] ?? 'GSSAPI') === 'GSSAPI'
  return kerberos && credentials.length > 0
    ? [`${credentials.join(', ')}: without effect, as sasl.mechanism is GSSAPI unless set to another`]
    : []
}

/**
 * Adds what millrace holds safe where the user set nothing: enable.idempotence=true, acks=all,
 * partitioner=murmur2_random (the partitions that Java chooses). Where he set something that
 * idempotence does not go with, without asking for idempotence, it is off, and a warning says so.
 * Takes checked properties; applied twice it changes nothing more.
 * @throws MillraceError CONFIG_INVALID_VALUE where he asked for both
 */
export function producerDefaults(properties: Readonly<Record<string, PropertyValue>>): CheckedProperties {
  checkCombinations(properties)
  const contradictions = contradictionsOfIdempotence(properties)
  const undecided = properties['enable.idempotence'] === undefined
  const off = undecided && requestForIdempotence(properties) === undefined && contradictions.length > 0
  return {
    properties: {
      'enable.idempotence': !off,
      acks: 'all',
      partitioner: 'murmur2_random',
      ...properties,
    },
    warnings: off ? [idempotenceIsOff(contradictions, properties)] : [],
  }
}

function idempotenceIsOff(
  contradictions: readonly { property: string; needs: string }[],
  properties: Readonly<Record<string, PropertyValue>>,
): string {
  const because = contradictions.map(
    ({ property, needs }) => `${assigned(property, properties[property])} (it needs ${needs})`,
  )
  return `idempotence is off because of ${because.join(', ')}: messages may be duplicated or reordered`
}
