// The callback engine against a bare node-rdkafka loop: see README.md.
import { type Summary, summarize } from '../src/bench/statistics.ts'
import { commandsOf } from './peers/catalogue.ts'
import { bestPolling } from './peers/node-rdkafka/polling.ts'
import { type Outcome, type Subject, trial } from './peers/trial.ts'
import { numericFlags, record, shown } from './support/results.ts'

const flags = numericFlags({ pairs: 7, seconds: 4, outstanding: 10_000, tries: 2 })

const commands = await commandsOf(['node-rdkafka', 'millrace'])

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

const { best, rates: pollingRates } = await bestPolling(
  polling => subject('node-rdkafka', polling, Math.min(2, flags.seconds)),
  flags.tries,
  { commands },
)
console.log(`bare polls best with: ${best}`)

// the engine's batches stand between both bare loops, next to each
const subjects = {
  counting: subject('node-rdkafka', best),
  batch: subject('millrace', 'callback/arrays'),
  telling: subject('node-rdkafka', `${best}+opaque`),
  send: subject('millrace', 'callback/send'),
}
type Name = keyof typeof subjects
const names = Object.keys(subjects) as Name[]

type Round = Record<Name, Outcome>
const rounds: Round[] = []
for (let number = 0; number < flags.pairs; number++) {
  const round: Partial<Round> = {}
  for (const name of number % 2 === 0 ? names : names.toReversed()) {
    round[name] = await trial(subjects[name], number, { commands })
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
