import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { librdkafkaProperties } from '../../src/config/librdkafka-properties.generated.ts'
import { canonicalName, factsOf, nearestProperty, propertyNames } from '../../src/config/names.ts'
import { ownedProperties } from '../../src/config/owned.ts'
import { checkProperties, type ProducerProperties, producerDefaults } from '../../src/config/properties.ts'
import { expectError } from './support.ts'

const none = { properties: {}, warnings: [] }

describe('checkProperties', () => {
  test('makes values what the properties hold', () => {
    const { properties, warnings } = checkProperties({
      'bootstrap.servers': 'a:9092',
      'linger.ms': '0.5',
      'batch.size': ' 010 ',
      'enable.idempotence': 'TRUE',
      'security.protocol': 'SSL',
      'compression.type': 'ZSTD',
      acks: '-1',
      debug: ' Broker, -topic ,',
      'client.id': 7,
      'sasl.oauthbearer.extensions': 'A=B',
      retries: undefined,
    })
    expect(properties).toEqual({
      'bootstrap.servers': 'a:9092',
      'linger.ms': 0.5,
      'batch.size': 10,
      'enable.idempotence': true,
      'security.protocol': 'ssl',
      'compression.type': 'zstd',
      acks: 'all',
      debug: 'broker,-topic',
      'client.id': '7',
      'sasl.oauthbearer.extensions': 'A=B',
    })
    expect(warnings).toEqual([])
  })

  test.each([
    ['metadata.broker.list', 'bootstrap.servers', 'a'],
    ['queue.buffering.max.ms', 'linger.ms', 1],
    ['message.send.max.retries', 'retries', 1],
    ['compression.codec', 'compression.type', 'lz4'],
    ['request.required.acks', 'acks', 0],
    ['topic.request.required.acks', 'acks', 0],
    ['message.timeout.ms', 'delivery.timeout.ms', 10],
    ['sasl.mechanisms', 'sasl.mechanism', 'OAUTHBEARER'],
    ['max.in.flight', 'max.in.flight.requests.per.connection', 1],
    ['sasl.oauthbearer.client.credentials.client.id', 'sasl.oauthbearer.client.id', 'x'],
  ])('keeps %s as %s', (alias, name, value) => {
    expect(checkProperties({ [alias]: value }).properties).toEqual({ [name]: value })
    expect(checkProperties({ [alias]: value, [name]: value }).properties).toEqual({ [name]: value })
  })

  test('refuses two names of one property with different values', () => {
    const sources = new Map([['linger.ms', 'a.properties:3']])
    const given = { 'linger.ms': 5, 'queue.buffering.max.ms': '6' }
    const error = expectError(
      () => checkProperties(given, sources),
      'CONFIG_INVALID_VALUE',
      'linger.ms=5 (a.properties:3)',
      'queue.buffering.max.ms=6',
    )
    expect(error.context).toMatchObject({ properties: ['linger.ms', 'queue.buffering.max.ms'] })
    expect(checkProperties({ acks: 'all', 'request.required.acks': -1 }).properties).toEqual({ acks: 'all' })
  })

  test.each([
    ['bootstrap.server', 'bootstrap.servers'],
    ['bootstrapServers', 'bootstrap.servers'],
    ['bootstrap_servers', 'bootstrap.servers'],
    ['compresion.type', 'compression.type'],
    ['max.inflight.requests.per.connection', 'max.in.flight.requests.per.connection'],
    ['sasl.pasword', 'sasl.password'],
    ['topic.linger.ms', 'linger.ms'],
    ['buffer.memory', 'queue.buffering.max.kbytes'],
    ['max.request.size', 'message.max.bytes'],
    ['sasl.jaas.config', 'sasl.username'],
    ['ssl.truststore.location', 'ssl.ca.location'],
    ['key.serializer', 'Leave it out'],
    ['metrics.num.samples', 'Leave it out'],
    ['qqqqqqqqqqqqqqq', 'CONFIGURATION.md'],
  ])('does not know %s and points to %s', (name, hint) => {
    const error = expectError(
      () => checkProperties({ [name]: 'v4lue' }, new Map([[name, '-X']])),
      'CONFIG_UNKNOWN_PROPERTY',
      `${name} (-X)`,
      hint,
    )
    expect(error.context).toEqual({ property: name, source: '-X' })
    expect(error.message).not.toContain('v4lue')
  })

  test('does not repeat a name that is none', () => {
    const line = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj'
    const error = expectError(() => checkProperties({ [line]: '' }), 'CONFIG_UNKNOWN_PROPERTY', 'not shown')
    expect(JSON.stringify(error.context)).not.toContain(line)
  })

  test("drops consumers' properties with one warning", () => {
    const sources = new Map([['group.id', 'a:1']])
    const { properties, warnings } = checkProperties(
      { 'group.id': 'g', 'auto.offset.reset': 'nonsense', rebalance_cb: () => {}, acks: 1 },
      sources,
    )
    expect(properties).toEqual({ acks: 1 })
    expect(warnings).toEqual([
      expect.stringMatching(/^group\.id, auto\.offset\.reset, rebalance_cb: left out; only consumers/),
    ])
  })

  test.each(Object.entries(ownedProperties))('keeps %s to millrace', (name, reason) => {
    for (const value of [true, 'x', () => {}]) {
      expectError(() => checkProperties({ [name]: value }), 'CONFIG_INVALID_VALUE', name, reason)
    }
    expect(checkProperties({ [name]: undefined })).toEqual(none)
  })

  test.each([
    ['acks', null, 'null'],
    ['acks', 1.5, 'not 1.5'],
    ['acks', '5x', '-1 to 1000 or all'],
    ['acks', '0x1', 'not "0x1"'],
    ['acks', true, 'not true'],
    ['acks', Number.NaN, 'not NaN'],
    ['acks', ['all'], 'an array'],
    ['delivery.timeout.ms', 2 ** 32 + 1, '0 to 2147483647'],
    ['linger.ms', 'fast', 'a number from 0 to 900000'],
    ['linger.ms', '', 'not ""'],
    ['linger.ms', '1e400', '900000'],
    ['client.id', {}, 'a string, not an object'],
    ['client.id', 'a\0b', 'zero byte'],
    ['client.id', Symbol('x'), 'a symbol'],
    ['client.id', 5n, 'not 5'],
    ['enable.idempotence', 'yes', 'true or false'],
    ['compression.type', 'zstdd', 'Did you mean zstd?'],
    ['compression.type', 'inherit', 'none, gzip, snappy, lz4, zstd'],
    ['sasl.mechanism', 'SCRAM-SHA256', 'Did you mean SCRAM-SHA-256?'],
    ['ssl.ca.location', 'C:\ncerts', 'control character'],
    ['debug', 'broker,,nonsense', 'comma-separated'],
    ['debug', ',', 'comma-separated'],
  ])('refuses %s=%o', (name, value, part) => {
    const error = expectError(
      () => checkProperties({ [name]: value }, new Map([[name, 'f:2']])),
      'CONFIG_INVALID_VALUE',
      `${name} (f:2)`,
      part,
    )
    expect(error.context).toEqual({ property: name, source: 'f:2' })
  })

  test('takes the embedded cluster, and other properties that librdkafka hides', () => {
    const hidden = {
      'test.mock.num.brokers': 3,
      'test.mock.broker.rtt': 5,
      'enable.sparse.connections': false,
    }
    expect(checkProperties(hidden)).toEqual({ properties: hidden, warnings: [] })
  })

  test.each<[Record<string, unknown>, string]>([
    [{ 'socket.blocking.max.ms': 5 }, 'socket.blocking.max.ms: deprecated'],
    [{ 'sasl.username': 'u', 'sasl.password': 'p' }, 'security.protocol'],
    [
      { 'sasl.username': 'u', 'security.protocol': 'SASL_SSL' },
      'sasl.username: without effect, as sasl.mechanism',
    ],
    [{ 'ssl.key.password': ' p' }, 'ssl.key.password begins with white space'],
  ])('warns of %o', (given, part) => {
    expect(checkProperties(given).warnings).toEqual([expect.stringContaining(part)])
  })

  test('what it gives it takes again, and gives the same', () => {
    const producer = propertyNames.filter(name => {
      const facts = factsOf(name)
      return facts?.scope !== 'C' && facts?.type !== 'api' && !(name in ownedProperties)
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.constantFrom(...producer), { maxLength: 6, selector: canonicalName }),
        fc.array(
          fc.oneof(fc.integer(), fc.boolean(), fc.constantFrom('all', 'none', 'ssl', 'x', ' t', '7')),
          {
            minLength: 6,
            maxLength: 6,
          },
        ),
        (names, values) => {
          const input = Object.fromEntries(names.map((name, index) => [name, values[index]]))
          let checked: ReturnType<typeof checkProperties>
          try {
            checked = checkProperties(input)
          } catch {
            return
          }
          expect(checkProperties(checked.properties).properties).toEqual(checked.properties)
        },
      ),
    )
  })
})

describe('names', () => {
  test('every name is its own nearest', () => {
    for (const name of ['linger.ms', 'log_level', 'acks', 'sasl.password'])
      expect(nearestProperty(name)).toBe(name)
  })

  test('a canonical name is canonical and known', () => {
    for (const name of propertyNames) {
      const canonical = canonicalName(name)
      expect(canonicalName(canonical)).toBe(canonical)
      expect(librdkafkaProperties).toHaveProperty([canonical])
    }
    expect(canonicalName('no.such.thing')).toBe('no.such.thing')
  })
})

describe('producerDefaults', () => {
  const defaults = { 'enable.idempotence': true, acks: 'all', partitioner: 'murmur2_random' }

  test('adds what is safe', () => {
    expect(producerDefaults({})).toEqual({ properties: defaults, warnings: [] })
    const given = { 'transactional.id': 't', partitioner: 'random', retries: 5 }
    expect(producerDefaults(given)).toEqual({ properties: { ...defaults, ...given }, warnings: [] })
  })

  test.each([
    [{ acks: 1 }, 'acks=1 (it needs acks=all)'],
    [{ acks: 0 }, 'acks=0'],
    [{ 'max.in.flight': 6 }, 'max.in.flight.requests.per.connection=6 (it needs at most 5)'],
    [{ retries: 0 }, 'retries=0'],
    [{ 'queuing.strategy': 'lifo' }, 'queuing.strategy="lifo"'],
    [{ 'queue.buffering.backpressure.threshold': 2 }, 'queue.buffering.backpressure.threshold=2'],
  ])('leaves idempotence off for %o and says so', (given, part) => {
    const { properties } = checkProperties(given)
    const once = producerDefaults(properties)
    expect(once.properties).toEqual({ ...defaults, 'enable.idempotence': false, ...properties })
    expect(once.warnings).toEqual([expect.stringContaining(part)])
    expect(once.warnings[0]).toContain('idempotence is off')
    // a second time it was the user's own decision
    expect(producerDefaults(once.properties)).toEqual({ properties: once.properties, warnings: [] })
  })

  test('leaves a decision against idempotence alone', () => {
    const { properties, warnings } = producerDefaults({ 'enable.idempotence': false, acks: 1 })
    expect(properties).toEqual({ ...defaults, 'enable.idempotence': false, acks: 1 })
    expect(warnings).toEqual([])
  })

  test.each([
    [{ 'enable.idempotence': true, acks: 1 }, ['acks=1', 'enable.idempotence=true']],
    [{ 'transactional.id': 't', retries: 0 }, ['retries=0', 'transactional.id']],
    [{ 'enable.gapless.guarantee': true, 'enable.idempotence': false }, ['enable.gapless.guarantee']],
  ])('refuses %o', (given, parts) => {
    expectError(() => producerDefaults(given), 'CONFIG_INVALID_VALUE', ...parts)
  })
})

describe('ProducerProperties', () => {
  test('is what the compiler knows of the table', () => {
    const good: ProducerProperties = {
      'bootstrap.servers': 'a:1',
      'linger.ms': '5',
      acks: 'all',
      'security.protocol': 'SASL_SSL',
      'compression.type': 'zstd',
      'enable.idempotence': 'true',
      'test.mock.num.brokers': 1,
      'client.id': undefined,
    }
    expect(checkProperties(good).properties).toHaveProperty(['linger.ms'], 5)
    // @ts-expect-error there is no such property
    const unknown: ProducerProperties = { 'linger.mss': 5 }
    // @ts-expect-error consumers only
    const consumer: ProducerProperties = { 'group.id': 'x' }
    // @ts-expect-error millrace's own
    const owned: ProducerProperties = { dr_cb: true }
    // @ts-expect-error a callback
    const callback: ProducerProperties = { socket_cb: () => {} }
    // @ts-expect-error no codec of librdkafka's
    const codec: ProducerProperties = { 'compression.type': 'brotli' }
    // @ts-expect-error not a number
    const number: ProducerProperties = { 'linger.ms': 'fast' }
    // @ts-expect-error null is no value
    const nothing: ProducerProperties = { acks: null }
    for (const bad of [unknown, owned, callback, codec, number, nothing]) {
      expect(() => checkProperties(bad)).toThrow()
    }
    expect(checkProperties(consumer).properties).toEqual({})
  })
})
