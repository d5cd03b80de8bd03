// Whether memory stays flat over many messages, and whether a closed producer leaves anything: see README.md.
import { readdirSync } from 'node:fs'
import { type ClusterProcess, forkCluster } from '../src/bench/children.ts'
import { randomRing } from '../src/bench/payloads.ts'
import type { Framed } from '../src/types.ts'
import { numericFlags, record } from './support/results.ts'

// what is measured is what is installed
const millrace = (await import(
  new URL('../dist/index.js', import.meta.url).href
)) as typeof import('../src/index.ts')

const MILLION = 1_000_000
const flags = numericFlags({ millions: 50, producers: 1000 })
const MESSAGE = 100
const BATCH = 10_000
const IN_FLIGHT = 4
/** More growth than this after the first million (or the first tenth of the producers) is a leak. */
const MOST_GROWTH_BYTES = 24 * 1024 * 1024

interface Sample {
  readonly messages: number
  readonly rssBytes: number
  readonly heapBytes: number
}

interface Held {
  readonly producers: number
  readonly rssBytes: number
  /** What keeps the event loop alive, as Node tells it. */
  readonly resources: number
  /** Null where the system does not tell. */
  readonly threads: number | null
  readonly files: number | null
}

/** Sends frames, a few at a time, until there were so many messages. */
async function load(cluster: ClusterProcess): Promise<readonly Sample[]> {
  const { bytes, ranges } = randomRing(MESSAGE, 1)
  const count = Math.min(BATCH, ranges.length / 2)
  const frame: Framed = { topic: 'bench', bytes, ranges: ranges.subarray(0, 2 * count) }
  const producer = await millrace.Producer.connect(
    { 'bootstrap.servers': cluster.bootstrapServers, 'allow.auto.create.topics': true, 'linger.ms': 5 },
    { engine: 'batch' },
  )
  const samples: Sample[] = []
  let offered = 0
  let delivered = 0
  const sample = () => {
    const { rss, heapUsed } = process.memoryUsage()
    samples.push({ messages: delivered, rssBytes: rss, heapBytes: heapUsed })
  }
  const lane = async () => {
    while (offered < flags.millions * MILLION) {
      offered += count
      const result = await producer.sendBatch(frame, { detail: 'counts' })
      if (result.delivered !== count) throw new Error(`${result.failed} messages failed`)
      const before = Math.floor(delivered / (MILLION / 4))
      delivered += count
      if (Math.floor(delivered / (MILLION / 4)) > before) sample()
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  const closed = await producer.close()
  if (closed.delivered !== offered) throw new Error(`${closed.delivered} of ${offered} were delivered`)
  return samples
}

/** Opens and closes producers one after the other, each after a message. */
async function openAndClose(cluster: ClusterProcess): Promise<readonly Held[]> {
  const samples: Held[] = []
  const step = Math.max(1, Math.floor(flags.producers / 20))
  for (let producers = 0; producers <= flags.producers; producers++) {
    if (producers % step === 0) samples.push(held(producers))
    const producer = await millrace.Producer.connect(
      { 'bootstrap.servers': cluster.bootstrapServers, 'allow.auto.create.topics': true, 'linger.ms': 0 },
      { engine: 'batch' },
    )
    await producer.send({ topic: 'bench', value: 'v' })
    await producer.close()
  }
  return samples
}

function held(producers: number): Held {
  return {
    producers,
    rssBytes: process.memoryUsage.rss(),
    resources: process.getActiveResourcesInfo().length,
    threads: fromSystem(() => readdirSync('/proc/self/task').length),
    files: fromSystem(() => readdirSync('/proc/self/fd').length),
  }
}

function fromSystem(read: () => number): number | null {
  try {
    return read()
  } catch {
    return null
  }
}

/** From a sample, by when all that is kept for later is there, to the greatest after it. */
function growth(samples: readonly { readonly rssBytes: number }[], from: number): number {
  const first = samples[from]?.rssBytes ?? 0
  return Math.max(...samples.slice(from).map(({ rssBytes }) => rssBytes)) - first
}

const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`
const verdict = (bytes: number) => (bytes <= MOST_GROWTH_BYTES ? 'flat' : 'it grows')

const cluster = await forkCluster()
try {
  const messages = await load(cluster)
  const whileLoading = growth(
    messages,
    messages.findIndex(({ messages }) => messages >= MILLION),
  )
  console.log(
    `${flags.millions} M messages: ${mebibytes(messages.at(-1)?.rssBytes ?? 0)} at the end, ` +
      `${mebibytes(whileLoading)} above the first million's at most: ${verdict(whileLoading)}`,
  )
  const producers = await openAndClose(cluster)
  const first = producers[Math.ceil(producers.length / 10)] as Held
  const last = producers.at(-1) as Held
  const whileOpening = growth(producers, producers.indexOf(first))
  console.log(
    `${flags.producers} producers: ${mebibytes(last.rssBytes)} at the end, ${mebibytes(whileOpening)} above the ` +
      `first tenth's at most: ${verdict(whileOpening)}; from there on ` +
      `resources ${first.resources} to ${last.resources}, threads ${first.threads} to ${last.threads}, ` +
      `files ${first.files} to ${last.files}`,
  )
  const flat = { mostGrowthBytes: MOST_GROWTH_BYTES, whileLoading, whileOpening }
  record('memory', { flags, messageSize: MESSAGE, flat, messages, producers })
} finally {
  await cluster.stop()
}
