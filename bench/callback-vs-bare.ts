// The callback engine against a bare node-rdkafka loop: see README.md.
import { type Summary, summarize } from '../src/bench/statistics.ts'
import { median, numericFlags, record, shown } from './support/results.ts'
import { type Outcome, type Subject, trial } from './support/trials.ts'

const flags = numericFlags({ pairs: 7, seconds: 4, outstanding: 10_000, tries: 2 })

/** What both sides have: the engine's own defaults, and librdkafka's linger. */
const properties = {
  'enable.idempotence': true,
  acks: 'all',
  partitioner: 'murmur2_random',
  'compression.type': 'none',
  'linger.ms': 5,
  'queue.buffering.max.messages': Math.max(100_000, flags.outstanding),
  'queue.buffering.max.kbytes': 1_048_576,
}

function subject(driver: Subject['driver'], variant: string, seconds = flags.seconds): Subject {
  const { outstanding } = flags
  return { driver, variant, properties, outstanding, messageSize: 100, warmupSeconds: 1, length: { seconds } }
}

const pollings = ['inline', 'interval-1', 'interval-2', 'interval-5', 'interval-10'] as const

/** The way of polling that serves the bare loop best here and now. */
async function bestPolling(): Promise<{ best: string; rates: Record<string, number[]> }> {
  const rates: Record<string, number[]> = Object.fromEntries(pollings.map(polling => [polling, []]))
  for (let round = 0; round < flags.tries; round++) {
    for (const polling of round % 2 === 0 ? pollings : pollings.toReversed()) {
      const { messagesPerSecond } = await trial(subject('bare', polling, Math.min(2, flags.seconds)), round)
      rates[polling]?.push(Math.round(messagesPerSecond))
      console.log(`bare, ${polling}: ${Math.round(messagesPerSecond)} msg/s`)
    }
  }
  const [best] = pollings.toSorted((a, b) => median(rates[b] ?? []) - median(rates[a] ?? []))
  return { best: best ?? 'inline', rates }
}

const { best, rates: pollingRates } = await bestPolling()
console.log(`bare polls best with: ${best}`)

// the engine's batches stand between both bare loops, next to each
const subjects = {
  counting: subject('bare', best),
  batch: subject('millrace', 'batch'),
  telling: subject('bare', `${best}+opaque`),
  send: subject('millrace', 'send'),
}
type Name = keyof typeof subjects
const names = Object.keys(subjects) as Name[]

type Round = Record<Name, Outcome>
const rounds: Round[] = []
for (let number = 0; number < flags.pairs; number++) {
  const round: Partial<Round> = {}
  for (const name of number % 2 === 0 ? names : names.toReversed()) {
    round[name] = await trial(subjects[name], number)
  }
  rounds.push(round as Round)
  const told = names.map(name => `${name} ${Math.round((round as Round)[name].messagesPerSecond)}`)
  console.log(`${number + 1}/${flags.pairs}: ${told.join(', ')}`)
}

function ratio(of: Name, to: Name, figure: 'messagesPerSecond' | 'cpuSecondsPerMillion'): Summary {
  return summarize(rounds.map(round => round[of][figure] / round[to][figure])) as Summary
}

const ratios = {
  batchToTelling: ratio('batch', 'telling', 'messagesPerSecond'),
  batchToCounting: ratio('batch', 'counting', 'messagesPerSecond'),
  sendToTelling: ratio('send', 'telling', 'messagesPerSecond'),
  sendToCounting: ratio('send', 'counting', 'messagesPerSecond'),
}
const cpuRatios = {
  batchToTelling: ratio('batch', 'telling', 'cpuSecondsPerMillion'),
  batchToCounting: ratio('batch', 'counting', 'cpuSecondsPerMillion'),
}
console.log(`
sendBatch / bare loop that tells messages apart:  ${shown(ratios.batchToTelling)}
sendBatch / bare loop that only counts:           ${shown(ratios.batchToCounting)}
send / bare loop that tells messages apart:       ${shown(ratios.sendToTelling)}
send / bare loop that only counts:                ${shown(ratios.sendToCounting)}
CPU of sendBatch / bare that tells, that counts:  ${shown(cpuRatios.batchToTelling)}, ${shown(cpuRatios.batchToCounting)}`)
record('callback-vs-bare', {
  flags,
  properties,
  polling: best,
  pollingRates,
  ratios,
  cpuRatios,
  subjects,
  rounds,
})
