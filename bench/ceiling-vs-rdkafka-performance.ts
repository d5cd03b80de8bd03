// The ceiling of `millrace bench` against librdkafka's own rdkafka_performance: see README.md.
import { type Summary, summarize } from '../src/bench/statistics.ts'
import { commandsOf } from './peers/catalogue.ts'
import {
  defaultSettings,
  librdkafkaProperties,
  rdkafkaPerformanceProperties,
  type Settings,
} from './peers/settings.ts'
import { type Outcome, type Subject as Trial, trial } from './peers/trial.ts'
import { numericFlags, record, shown } from './support/results.ts'

const flags = numericFlags({ pairs: 15, seconds: 4, outstanding: 100_000 })
const sizes = [100, 1024]
const WARMUP_SECONDS = 1
/** rdkafka_performance makes statistics in any case, as often. */
const STATISTICS = { 'statistics.interval.ms': 250 }

const settings: Settings = { ...defaultSettings, messages: flags.outstanding, bytes: 1024 ** 3 }
const commands = await commandsOf(['rdkafka-performance', 'ceiling'])

/** `pattern`: one payload, as rdkafka_performance has it; `ring`: 16,384 different ones, which is what bench sends. */
type Subject = 'program' | 'pattern' | 'ring'

function subjectOf(name: Subject, messageSize: number): Trial {
  const program = name === 'program'
  const properties = (program ? rdkafkaPerformanceProperties : librdkafkaProperties)(settings)
  return {
    driver: program ? 'rdkafka-performance' : 'ceiling',
    variant: '',
    properties: { ...properties, ...STATISTICS },
    outstanding: flags.outstanding,
    messageSize,
    warmupSeconds: WARMUP_SECONDS,
    length: { seconds: flags.seconds },
    ...(name === 'ring' ? {} : { payloads: 1 }),
  }
}

type Round = Record<Subject, Outcome>

/** Pairs of one size, in an order that alternates; the ceiling stands between what it is compared with. */
async function roundsOf(size: number): Promise<Round[]> {
  const order: readonly Subject[] = ['program', 'pattern', 'ring']
  const rounds: Round[] = []
  for (let pair = 0; pair < flags.pairs; pair++) {
    const round: Partial<Round> = {}
    for (const subject of pair % 2 === 0 ? order : order.toReversed()) {
      round[subject] = await trial(subjectOf(subject, size), pair, { commands })
    }
    rounds.push(round as Round)
    const told = order.map(subject => `${subject} ${Math.round((round as Round)[subject].messagesPerSecond)}`)
    console.log(`${size} bytes, ${pair + 1}/${flags.pairs}: ${told.join(', ')} msg/s`)
  }
  return rounds
}

function ratio(rounds: readonly Round[], of: Subject, figure: 'messagesPerSecond' | 'cpuSecondsPerMillion') {
  return summarize(rounds.map(round => round[of][figure] / round.program[figure])) as Summary
}

const results = []
for (const messageSize of sizes) {
  const rounds = await roundsOf(messageSize)
  const ratios = {
    ceilingToProgram: ratio(rounds, 'pattern', 'messagesPerSecond'),
    ceilingOfRandomPayloadsToProgram: ratio(rounds, 'ring', 'messagesPerSecond'),
    cpuOfCeilingToProgram: ratio(rounds, 'pattern', 'cpuSecondsPerMillion'),
  }
  const { low, high, method } = ratios.ceilingToProgram
  const verdict =
    method === 'range'
      ? 'too few pairs to tell'
      : low > 1
        ? 'faster'
        : high < 1
          ? 'slower'
          : 'equal within noise'
  console.log(`
${messageSize} bytes, ceiling / rdkafka_performance:                   ${shown(ratios.ceilingToProgram)}: ${verdict}
${messageSize} bytes, the same with bench's different payloads:        ${shown(ratios.ceilingOfRandomPayloadsToProgram)}
${messageSize} bytes, CPU of ceiling / rdkafka_performance:            ${shown(ratios.cpuOfCeilingToProgram)}
`)
  results.push({ messageSize, verdict, ratios, rounds })
}
record('ceiling-vs-rdkafka-performance', { flags, settings, results })
