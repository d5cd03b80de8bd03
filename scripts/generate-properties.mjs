// Writes src/config/librdkafka-properties.generated.ts from the CONFIGURATION.md of the installed
// librdkafka. With --check it writes nothing and exits with 1 when the file would change.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)
const librdkafka = new URL('node_modules/node-rdkafka/deps/librdkafka/', root)
const target = new URL('src/config/librdkafka-properties.generated.ts', root)

const types = {
  string: 'string',
  integer: 'integer',
  float: 'float',
  boolean: 'boolean',
  'enum value': 'enum',
  'CSV flags': 'flags',
  'pattern list': 'patterns',
  'see dedicated API': 'api',
}

/** What librdkafka's source says and its CONFIGURATION.md does not (rdkafka_conf.c, rdkafka_sasl.c). */
const corrections = {
  // a word beside the numbers
  'request.required.acks': { values: ['all'] },
  acks: { values: ['all'] },
  // strings with a validator: a closed set in fact
  partitioner: {
    type: 'enum',
    values: [
      'random',
      'consistent',
      'consistent_random',
      'murmur2',
      'murmur2_random',
      'fnv1a',
      'fnv1a_random',
    ],
  },
  'sasl.mechanisms': { type: 'enum', values: mechanisms() },
  'sasl.mechanism': { type: 'enum', values: mechanisms() },
  // what stands there is the consumer's default
  'allow.auto.create.topics': { default: true },
}

function mechanisms() {
  return ['GSSAPI', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']
}

/** Properties that librdkafka takes and does not list. */
const hidden = {
  'client.software.name': { scope: '*', type: 'string', default: 'librdkafka', hidden: true },
  'client.software.version': { scope: '*', type: 'string', hidden: true },
  'enable.sparse.connections': { scope: '*', type: 'boolean', default: true, hidden: true },
  'metadata.request.timeout.ms': {
    scope: '*',
    type: 'integer',
    min: 10,
    max: 900000,
    default: 10,
    deprecated: true,
    hidden: true,
  },
  'test.mock.num.brokers': { scope: '*', type: 'integer', min: 0, max: 10000, default: 0, hidden: true },
  'test.mock.broker.rtt': { scope: '*', type: 'integer', min: 0, max: 3600000, default: 0, hidden: true },
}

function version() {
  const header = readFileSync(new URL('src/rdkafka.h', librdkafka), 'utf8')
  const [, hex] = /#define RD_KAFKA_VERSION 0x([0-9a-f]{8})/.exec(header)
  return [0, 2, 4].map(at => Number.parseInt(hex.slice(at, at + 2), 16)).join('.')
}

function bounds(range) {
  const [, min, max] = /^(-?\d+) \.\. (-?\d+)$/.exec(range) ?? []
  return min === undefined ? {} : { min: Number(min), max: Number(max) }
}

function list(text) {
  return text.split(',').map(item => item.trim())
}

function defaultOf(type, text) {
  if (text === '') return {}
  if (type === 'integer' || type === 'float') return { default: Number(text) }
  if (type === 'boolean') return { default: text === 'true' }
  return { default: text.replaceAll('\\|', '|') }
}

function row(line, topic) {
  const cells = line.split(/(?<!\\)\|/).map(cell => cell.trim())
  const [name, scope, range, defaultText, , description] = cells
  const type = types[/\*Type: ([^*]+)\*$/.exec(description)[1]]
  if (type === undefined) throw new Error(`the type of ${name} is not known here`)
  const [, aliasOf] = /Alias for `([^`]+)`:/.exec(description) ?? []
  const flags = type === 'flags' ? list(range || defaultText) : undefined
  const facts = {
    scope,
    type,
    ...bounds(range),
    ...(type === 'enum' ? { values: list(range) } : {}),
    ...(flags ? { values: flags } : {}),
    // the built-in features are those of the machine that made the document
    ...(name === 'builtin.features' ? {} : defaultOf(type, defaultText)),
    ...(aliasOf ? { aliasOf } : {}),
    ...(topic ? { topic } : {}),
    ...(description.includes('**DEPRECATED**') ? { deprecated: true } : {}),
    ...corrections[name],
  }
  return [name, facts]
}

function readTable() {
  const table = new Map()
  let topic = false
  for (const line of readFileSync(new URL('CONFIGURATION.md', librdkafka), 'utf8').split('\n')) {
    if (line === '## Topic configuration properties') topic = true
    if (!/^[a-z][\w.]+ +\| +[PC*] +\|/.test(line)) continue
    const [name, facts] = row(line, topic)
    // global properties come first; what is there for both millrace sets globally
    if (!table.has(name)) table.set(name, facts)
  }
  for (const [name, facts] of Object.entries(hidden)) table.set(name, facts)
  return [...table].sort(([a], [b]) => (a < b ? -1 : 1))
}

function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value !== 'string') return String(value)
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

function render() {
  const lines = readTable().map(([name, facts]) => {
    const fields = Object.entries(facts).map(([key, value]) => `${key}: ${literal(value)}`)
    return `  ${literal(name)}: { ${fields.join(', ')} },`
  })
  return `// Generated from librdkafka ${version()} by \`node scripts/generate-properties.mjs\`: do not edit.
import type { PropertyFacts } from './facts.ts'

export const librdkafkaVersion = '${version()}'

export const librdkafkaProperties = {
${lines.join('\n')}
} as const satisfies Record<string, PropertyFacts>
`
}

const text = render()
if (process.argv.includes('--check')) {
  let present = ''
  try {
    present = readFileSync(target, 'utf8')
  } catch {
    // absent is out of date
  }
  if (present !== text) {
    console.error(`${fileURLToPath(target)} is out of date: run node scripts/generate-properties.mjs`)
    process.exitCode = 1
  }
} else {
  writeFileSync(target, text)
}
