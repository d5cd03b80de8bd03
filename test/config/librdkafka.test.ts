import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { PropertyFacts } from '../../src/config/facts.ts'
import { librdkafkaProperties, librdkafkaVersion } from '../../src/config/librdkafka-properties.generated.ts'
import { ownedReason } from '../../src/config/owned.ts'
import { checkProperties, producerDefaults } from '../../src/config/properties.ts'
import { splitProperties } from '../../src/config/split.ts'
import type { PropertyValue } from '../../src/config/values.ts'
import { expectError, librdkafkaRefuses, librdkafkaRefusesTogether, rdkafka, thrown } from './support.ts'

const table: [string, PropertyFacts][] = Object.entries(librdkafkaProperties)
// what is there on Windows only is not there to be asked
const settable = table.filter(
  ([name, { scope, type }]) =>
    scope !== 'C' &&
    type !== 'api' &&
    ownedReason(name) === undefined &&
    name !== 'ssl.ca.certificate.stores',
)
const outOfBuild = (text: string | undefined) => /not (supported|available|enabled)/.test(text ?? '')

describe('the generated table', () => {
  test('is what the generator makes of the installed librdkafka', () => {
    const script = fileURLToPath(new URL('../../scripts/generate-properties.mjs', import.meta.url))
    expect(() => execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' })).not.toThrow()
  })

  test('is of the librdkafka that runs', () => {
    expect(librdkafkaVersion).toBe(rdkafka.librdkafkaVersion)
  })

  test('names for every alias a property of the same facts', () => {
    for (const [name, facts] of table) {
      if (facts.aliasOf === undefined) continue
      const { aliasOf, ...own } = facts
      expect(librdkafkaProperties, name).toHaveProperty([aliasOf], own)
    }
  })
})

describe('librdkafka and millrace agree', () => {
  test.each(settable.filter(([, facts]) => facts.default !== undefined))(
    'that %s takes its default',
    (name, facts) => {
      const value = facts.default
      expect(librdkafkaRefuses({ [name]: value })).toBeUndefined()
      const taken = Object.values(checkProperties({ [name]: value, ...companions(name, value) }).properties)
      expect(taken).toContain(name.endsWith('acks') ? 'all' : value)
    },
  )

  test.each(settable.filter(([, { min }]) => min !== undefined))(
    'on the range of %s',
    (name, { min = 0, max = 0, values }) => {
      for (const value of [min, max, String(max), ...(values ?? [])]) {
        expect(librdkafkaRefuses({ [name]: value })).toBeUndefined()
        const given = { [name]: value, ...companions(name, value) }
        expect(librdkafkaRefuses(checkProperties(given).properties)).toBeUndefined()
      }
      for (const value of [min - 1, max + 1, 'many', '']) {
        expect(librdkafkaRefuses({ [name]: value }), String(value)).toBeDefined()
        expectError(
          () => checkProperties({ [name]: value }),
          'CONFIG_INVALID_VALUE',
          name,
          `${min} to ${max}`,
        )
      }
    },
  )

  test.each(settable.filter(([, { type }]) => type === 'boolean'))('that %s is a boolean', name => {
    for (const value of [true, false, 'true', 'False', 't', 'F', '1', '0', 1, 0]) {
      expect(librdkafkaRefuses({ [name]: value })).toBeUndefined()
      expect(Object.values(checkProperties({ [name]: value }).properties)).toEqual([
        /^(t|1)/i.test(String(value)),
      ])
    }
    for (const value of ['yes', '', 2]) {
      expect(librdkafkaRefuses({ [name]: value })).toBeDefined()
      expectError(() => checkProperties({ [name]: value }), 'CONFIG_INVALID_VALUE', name, 'true or false')
    }
  })

  test.each(settable.filter(([, { type }]) => type === 'enum' || type === 'flags'))(
    'on the values of %s',
    (name, { values = [] }) => {
      for (const value of values) {
        const refused = librdkafkaRefuses({ [name]: value })
        if (!outOfBuild(refused)) expect(refused).toBeUndefined()
        expect(Object.values(checkProperties({ [name]: value.toUpperCase() }).properties)).toEqual([value])
      }
      for (const value of ['nonsense', '', `${values[0]},nonsense`]) {
        // librdkafka looks at the mechanism only when it connects
        if (!name.startsWith('sasl.mechanism')) expect(librdkafkaRefuses({ [name]: value })).toBeDefined()
        expectError(() => checkProperties({ [name]: value }), 'CONFIG_INVALID_VALUE', name, ...values)
      }
    },
  )

  test('that a string may be anything', () => {
    for (const [name] of settable.filter(([, { type }]) => type === 'string')) {
      if (name === 'broker.version.fallback') continue
      expect(librdkafkaRefuses({ [name]: 'anything' }), name).toBeUndefined()
      const given = { [name]: 'anything', ...companions(name, 'anything') }
      expect(Object.values(checkProperties(given).properties), name).toContain('anything')
    }
  })

  test('that nobody sets callbacks and objects', () => {
    for (const [name, { scope }] of table.filter(([, { type }]) => type === 'api')) {
      if (scope === 'C') continue
      expectError(() => checkProperties({ [name]: 'x' }), 'CONFIG_INVALID_VALUE', name, 'cannot be set')
      // node-rdkafka takes these two out before librdkafka sees them
      if (name !== 'dr_cb' && name !== 'dr_msg_cb')
        expect(librdkafkaRefuses({ [name]: 'x' }), name).toBeDefined()
    }
  })

  test.each(['bootstrap.server', 'nonsense', 'sasl.jaas.config', 'Linger.ms'])(
    'that there is no %s',
    name => {
      expect(librdkafkaRefuses({ [name]: 'x' })).toBeDefined()
      expect(thrown(() => checkProperties({ [name]: 'x' })).code).toBe('CONFIG_UNKNOWN_PROPERTY')
    },
  )

  test("that millrace's defaults are good", async () => {
    expect(await librdkafkaRefusesTogether(producerDefaults({}).properties)).toBeUndefined()
  })
})

const oidc = {
  'security.protocol': 'sasl_plaintext',
  'sasl.mechanism': 'OAUTHBEARER',
  'sasl.oauthbearer.method': 'oidc',
}
const token = { 'sasl.oauthbearer.token.endpoint.url': 'http://127.0.0.1:1/token' }
const azure = { 'sasl.oauthbearer.metadata.authentication.type': 'azure_imds' }
const bearer = {
  ...oidc,
  ...token,
  'sasl.oauthbearer.grant.type': 'urn:ietf:params:oauth:grant-type:jwt-bearer',
}

describe('librdkafka and millrace refuse together', () => {
  test.each<[Record<string, PropertyValue>, string[]]>([
    [{ 'enable.idempotence': true, acks: 1 }, ['acks', 'enable.idempotence']],
    [{ 'enable.idempotence': true, 'max.in.flight': 6 }, ['max.in.flight.requests.per.connection']],
    [{ 'enable.idempotence': true, retries: 0 }, ['retries']],
    [{ 'enable.idempotence': true, 'queuing.strategy': 'lifo' }, ['queuing.strategy']],
    [
      { 'enable.idempotence': true, 'queue.buffering.backpressure.threshold': 2 },
      ['queue.buffering.backpressure.threshold'],
    ],
    [{ 'transactional.id': 'a', 'enable.idempotence': false }, ['transactional.id', 'enable.idempotence']],
    [{ 'transactional.id': 'a', acks: 1 }, ['acks', 'transactional.id']],
    [{ 'enable.gapless.guarantee': true, 'enable.idempotence': false }, ['enable.gapless.guarantee']],
    [
      { 'transactional.id': 'a', 'socket.timeout.ms': 60101 },
      ['socket.timeout.ms', 'transaction.timeout.ms'],
    ],
    [{ 'transactional.id': 'a', 'delivery.timeout.ms': 60001 }, ['delivery.timeout.ms']],
    [{ 'linger.ms': 5, 'delivery.timeout.ms': 5 }, ['linger.ms', 'delivery.timeout.ms']],
    [{ 'linger.ms': 300000 }, ['linger.ms', 'delivery.timeout.ms']],
    [
      { 'linger.ms': 2000, 'transactional.id': 'a', 'transaction.timeout.ms': 2000 },
      ['linger.ms', 'transaction.timeout.ms'],
    ],
    [{ 'reconnect.backoff.ms': 10001 }, ['reconnect.backoff.ms', 'reconnect.backoff.max.ms']],
    [{ 'ssl.keystore.location': '/k.p12' }, ['ssl.keystore.location', 'ssl.keystore.password']],
    [{ 'https.ca.location': '/', 'https.ca.pem': 'x' }, ['https.ca.location', 'https.ca.pem']],
    [
      { 'security.protocol': 'sasl_plaintext', 'sasl.mechanism': 'PLAIN', 'sasl.username': 'u' },
      ['sasl.password'],
    ],
    [{ 'security.protocol': 'sasl_plaintext', 'sasl.mechanism': 'SCRAM-SHA-256' }, ['sasl.username']],
    [oidc, ['sasl.oauthbearer.token.endpoint.url']],
    [{ ...oidc, ...token }, ['sasl.oauthbearer.client.id', 'sasl.oauthbearer.client.secret']],
    [{ ...oidc, 'enable.sasl.oauthbearer.unsecure.jwt': true }, ['enable.sasl.oauthbearer.unsecure.jwt']],
    [{ ...oidc, ...azure }, ['sasl.oauthbearer.token.endpoint.url']],
    [bearer, ['sasl.oauthbearer.assertion.private.key.file']],
    [
      {
        ...bearer,
        'sasl.oauthbearer.assertion.private.key.file': 'a',
        'sasl.oauthbearer.assertion.private.key.pem': 'b',
      },
      ['sasl.oauthbearer.assertion.private.key.pem'],
    ],
    [
      {
        ...bearer,
        'sasl.oauthbearer.assertion.file': 'a',
        'sasl.oauthbearer.assertion.claim.nbf.seconds': 3,
      },
      ['sasl.oauthbearer.assertion.file', 'sasl.oauthbearer.assertion.claim.nbf.seconds'],
    ],
  ])('%o', async (properties, named) => {
    expect(await librdkafkaRefusesTogether(properties)).toBeDefined()
    const error = thrown(() => checkProperties(properties))
    expect(['CONFIG_INVALID_VALUE', 'CONFIG_MISSING']).toContain(error.code)
    for (const name of named) expect(error.message).toContain(name)
  })

  test.each<[Record<string, PropertyValue>]>([
    [{ 'enable.idempotence': true, 'max.in.flight': 5, retries: 1, acks: 'all', 'queuing.strategy': 'fifo' }],
    [{ 'transactional.id': 'a', 'socket.timeout.ms': 60100, 'delivery.timeout.ms': 60000 }],
    [{ 'transactional.id': 'a', 'delivery.timeout.ms': 0, 'linger.ms': 100000 }],
    [{ 'linger.ms': 4, 'delivery.timeout.ms': 5 }],
    [{ 'delivery.timeout.ms': 1 }],
    [{ 'reconnect.backoff.ms': 10000 }],
    [{ 'enable.gapless.guarantee': true, 'enable.idempotence': true }],
    [{ 'sasl.mechanism': 'PLAIN' }],
    [{ ...oidc, ...token, ...azure }],
    [
      {
        'security.protocol': 'sasl_plaintext',
        'sasl.mechanism': 'PLAIN',
        'sasl.username': 'u',
        'sasl.password': 'p',
      },
    ],
  ])('and both take %o', async properties => {
    expect(await librdkafkaRefusesTogether(properties)).toBeUndefined()
    const checked = producerDefaults(checkProperties(properties).properties).properties
    expect(await librdkafkaRefusesTogether(checked)).toBeUndefined()
  })
})

describe('splitProperties', () => {
  test('gives librdkafka every property where it takes it', () => {
    for (const [name, { default: value = 'x', type }] of settable) {
      if (type === 'flags' || type === 'patterns') continue
      const { global, topic } = splitProperties({
        [name]: name === 'broker.version.fallback' ? '0.10.0' : value,
      })
      expect(Object.keys({ ...global, ...topic })).toEqual([name])
      expect(() => new rdkafka.Producer(global, topic), name).not.toThrow()
    }
  })

  test('tells topic properties from those of the client', () => {
    const topic = { acks: 'all', partitioner: 'random', 'delivery.timeout.ms': 5, 'compression.level': 3 }
    const global = { 'linger.ms': 1, 'compression.type': 'lz4', retries: 3, 'transactional.id': 't' }
    expect(splitProperties({ ...global, ...topic })).toEqual({ global, topic })
  })

  test('is needed: node-rdkafka drops topic properties among the global ones', async () => {
    const properties = { 'test.mock.num.brokers': 1, 'enable.idempotence': true, acks: 1 }
    const connect = (producer: InstanceType<typeof rdkafka.Producer>) =>
      new Promise<string | undefined>(resolve =>
        producer.connect({ timeout: 10000 }, error => {
          if (error) resolve(error.message)
          else producer.disconnect(() => resolve(undefined))
        }),
      )
    expect(await connect(new rdkafka.Producer(properties))).toBeUndefined()
    const { global, topic } = splitProperties(properties)
    expect(await connect(new rdkafka.Producer(global, topic))).toContain('acks')
  })
})

test('Azure needs no endpoint where its query is given', () => {
  const properties = { ...oidc, ...azure, 'sasl.oauthbearer.config': 'params=x,query=api-version=2025-04-07' }
  expect(checkProperties(properties).properties).toEqual(properties)
})

/** What else must be given so that an extreme value does not contradict another property's default. */
function companions(name: string, value: unknown): Record<string, unknown> {
  if (name === 'linger.ms' || name === 'queue.buffering.max.ms') return { 'delivery.timeout.ms': 0 }
  if (name === 'reconnect.backoff.ms') return { 'reconnect.backoff.max.ms': 3600000 }
  if (name === 'reconnect.backoff.max.ms') return { 'reconnect.backoff.ms': Math.min(100, Number(value)) }
  if (name === 'ssl.keystore.location') return { 'ssl.keystore.password': 'x' }
  return {}
}
