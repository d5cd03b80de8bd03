import { basename } from 'node:path'

/** What two runs must share to be compared, each by the words in which a difference is told. */
export type Fingerprint = Readonly<Record<string, string>>

/**
 * Of a report's environment. Left out is what may differ: date, load average, this package's own version
 * and commit (what is mostly compared), the patch release of Node, label, seed, and how often was repeated.
 */
export function fingerprint(environment: Readonly<Record<string, unknown>>): Fingerprint {
  const { cpu, os, node, librdkafka, topic, length, warmupSeconds, payloadFile, properties } = environment
  const { model, count } = (cpu ?? {}) as { model?: unknown; count?: unknown }
  // "Linux 6.1.0 x64": its release may differ
  const [system, , architecture] = text(os).split(' ')
  return {
    machine: `${text(model)}, ${text(system)} ${text(architecture)}`,
    cores: text(count),
    'Node major version': text(node).split('.', 1)[0] ?? '',
    librdkafka: text(librdkafka),
    cluster: clusterOf(environment),
    topic: typeof topic === 'string' ? topic : 'one for each trial',
    window: sorted(length),
    'warm-up seconds': text(warmupSeconds),
    'warm-up messages': text(environment.warmupMessages) || 'none',
    'payload file': typeof payloadFile === 'string' ? basename(payloadFile) : 'none',
    'payload digest': text(environment.payloadDigest) || 'none',
    'payload delimiter': text(environment.payloadDelimiter) || 'none',
    payloads: environment.payloadMonotonic === true ? 'numbers from 0 on' : 'of the cell',
    // the id makes no difference, and may be another one in each run
    transactions:
      text((environment.transactions as { seconds?: unknown } | null | undefined)?.seconds) || 'none',
    properties: sorted(properties),
  }
}

/** At one address there may be Kafka one day, and an embedded cluster the other. */
function clusterOf({ brokers, embedded }: Readonly<Record<string, unknown>>): string {
  if (typeof brokers !== 'string') return 'embedded'
  return embedded === true ? `${brokers}, embedded` : brokers
}

/** In what `now` differs from `then`, a phrase each. */
export function differences(then: Fingerprint, now: Fingerprint): string[] {
  return Object.entries(now).flatMap(([name, value]) =>
    then[name] === value ? [] : [`${name} was ${then[name] || 'not told'}, is ${value}`],
  )
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** Objects of the same properties as the same text. */
function sorted(value: unknown): string {
  const entries = Object.entries((value ?? {}) as Record<string, unknown>)
  const parts = entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, of]) => `${name} ${String(of)}`)
  return parts.length === 0 ? 'none' : parts.join(', ')
}
