// Whether a message costs more the more there are: see README.md.
import { summarize } from '../src/bench/statistics.ts'
import { commandsOf } from './peers/catalogue.ts'
import { type Outcome, trial } from './peers/trial.ts'
import { median, numericFlags, record } from './support/results.ts'

const flags = numericFlags({ rounds: 3, unit: 1_000_000, outstanding: 10_000 })
const millions = [1, 2, 5, 10] as const
/** More growth than this is no noise. */
const MOST_GROWTH = 1.1

const commands = await commandsOf(['millrace'])
const properties = { 'queue.buffering.max.kbytes': 1_048_576, 'linger.ms': 5 }

async function measure(count: number, seed: number): Promise<Outcome> {
  const { outstanding, unit } = flags
  const length = { messages: count * unit }
  const rest = { properties, outstanding, messageSize: 100, warmupSeconds: 1, length } as const
  return trial({ driver: 'millrace', variant: 'callback/arrays', ...rest }, seed, { commands })
}

const costs = new Map<number, Outcome[]>(millions.map(count => [count, []]))
for (let round = 0; round < flags.rounds; round++) {
  for (const count of round % 2 === 0 ? millions : millions.toReversed()) {
    const outcome = await measure(count, round)
    costs.get(count)?.push(outcome)
    const { cpuSecondsPerMillion, messagesPerSecond } = outcome
    console.log(
      `${count} M: ${cpuSecondsPerMillion.toFixed(2)} CPU s per million, ${Math.round(messagesPerSecond)} msg/s`,
    )
  }
}

const rows = [...costs].map(([count, outcomes]) => ({
  messages: count * flags.unit,
  cpuSecondsPerMillion: summarize(outcomes.map(outcome => outcome.cpuSecondsPerMillion)),
  messagesPerSecond: summarize(outcomes.map(outcome => outcome.messagesPerSecond)),
}))
const growth =
  median((costs.get(10) ?? []).map(outcome => outcome.cpuSecondsPerMillion)) /
  median((costs.get(1) ?? []).map(outcome => outcome.cpuSecondsPerMillion))
console.log(
  `A message of 10 M costs ${growth.toFixed(2)} times one of 1 M: ${growth <= MOST_GROWTH ? 'it does not grow' : 'it grows'}`,
)
record('cost-per-message', { flags, properties, growth, rows, trials: Object.fromEntries(costs) })
