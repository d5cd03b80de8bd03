// The ceiling of `millrace bench` against librdkafka's own rdkafka_performance: see README.md.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cell, ceilingOf, cellsOf, defaultGrid } from '../src/bench/cell.ts'
import { forkCluster, forkTrial } from '../src/bench/children.ts'
import { type Summary, summarize } from '../src/bench/statistics.ts'
import { Producer } from '../src/index.ts'
import { effectiveProperties } from '../src/producer/effective-properties.ts'
import { compileProgram, PATTERN, ROW_MS, runProgram } from './support/rdkafka-performance.ts'
import { numericFlags, record, shown } from './support/results.ts'

const flags = numericFlags({ pairs: 15, seconds: 4, outstanding: 100_000 })
const sizes = [100, 1024]
const TOPIC = 'bench'
const WARMUP_SECONDS = 1

/** What both sides have. rdkafka_performance has other defaults for some, and makes statistics in any case. */
const properties = {
  'linger.ms': 5,
  'message.send.max.retries': 2_147_483_647,
  'retry.backoff.ms': 100,
  'statistics.interval.ms': ROW_MS,
  'queue.buffering.max.kbytes': 1_048_576,
}

interface Outcome {
  readonly messagesPerSecond: number
  readonly cpuSecondsPerMillion: number
  readonly seconds: number
  readonly delivered: number
}

/** `pattern`: the bytes that rdkafka_performance sends; `ring`: random ones, which is what bench sends. */
type Subject = 'program' | 'pattern' | 'ring'

const folder = mkdtempSync(join(tmpdir(), 'millrace-ceiling-'))
const program = compileProgram()

/** @throws Error unless the end offsets moved by exactly what was acknowledged */
async function trial(subject: Subject, size: number, messages: number, seed: number): Promise<Outcome> {
  const cluster = await forkCluster()
  const witness = await Producer.connect({ 'bootstrap.servers': cluster.bootstrapServers })
  const endOffsets = async () =>
    (await witness.describeTopic(TOPIC))?.partitions.reduce((sum, { high }) => sum + high, 0) ?? 0
  try {
    await endOffsets()
    const outcome =
      subject === 'program'
        ? await ofProgram(cluster.bootstrapServers, size, messages)
        : await ofCeiling(cluster.bootstrapServers, size, subject, seed)
    const moved = await endOffsets()
    if (moved !== outcome.delivered) {
      throw new Error(`${subject} is void: ${outcome.delivered} delivered, end offsets moved by ${moved}`)
    }
    return outcome
  } finally {
    await witness.close()
    await cluster.stop()
  }
}

async function ofProgram(brokers: string, messageSize: number, messages: number): Promise<Outcome> {
  const effective = effectiveProperties({ ...properties, 'bootstrap.servers': brokers }, () => {})
  const { 'bootstrap.servers': _, ...others } = effective
  return runProgram(program, {
    brokers,
    topic: TOPIC,
    messageSize,
    messages,
    warmupSeconds: WARMUP_SECONDS,
    // librdkafka's own limit is what bounds it
    properties: { ...others, 'queue.buffering.max.messages': flags.outstanding, 'compression.type': 'none' },
  })
}

async function ofCeiling(brokers: string, size: number, subject: Subject, seed: number): Promise<Outcome> {
  const [cell] = cellsOf({ ...defaultGrid, messageSize: [size], outstanding: [flags.outstanding] })
  const payloadFile = join(folder, `pattern-${size}`)
  writeFileSync(payloadFile, PATTERN.repeat(Math.ceil(size / PATTERN.length)).slice(0, size))
  const ended = await forkTrial(
    {
      cell: ceilingOf(cell as Cell),
      topic: TOPIC,
      properties: { ...properties, 'bootstrap.servers': brokers },
      warmupSeconds: WARMUP_SECONDS,
      length: { seconds: flags.seconds },
      payloadFile: subject === 'pattern' ? payloadFile : undefined,
      seed,
      allowFailures: false,
    },
    new AbortController().signal,
  )
  if ('died' in ended) throw new Error(ended.died)
  const { figures, faults } = ended.result
  if (faults.length > 0) throw new Error(`the ceiling is void: ${faults.join('; ')}`)
  const { messagesPerSecond, seconds, delivered, cpuSeconds } = figures
  const cpuSecondsPerMillion = ((cpuSeconds.user + cpuSeconds.system) * 1e6) / (messagesPerSecond * seconds)
  return { messagesPerSecond, cpuSecondsPerMillion, seconds, delivered }
}

type Round = Record<Subject, Outcome>

/** Pairs of one size, in an order that alternates; the ceiling stands between what it is compared with. */
async function roundsOf(size: number): Promise<Round[]> {
  // also tells how many messages take about so long
  const { messagesPerSecond } = await trial('pattern', size, 0, 0)
  const messages = Math.round(messagesPerSecond * (WARMUP_SECONDS + flags.seconds))
  const order: readonly Subject[] = ['program', 'pattern', 'ring']
  const rounds: Round[] = []
  for (let pair = 0; pair < flags.pairs; pair++) {
    const round: Partial<Round> = {}
    for (const subject of pair % 2 === 0 ? order : order.toReversed()) {
      round[subject] = await trial(subject, size, messages, pair)
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

try {
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
${messageSize} bytes, the same with bench's random payloads:           ${shown(ratios.ceilingOfRandomPayloadsToProgram)}
${messageSize} bytes, CPU of ceiling / rdkafka_performance:            ${shown(ratios.cpuOfCeilingToProgram)}
`)
    results.push({ messageSize, verdict, ratios, rounds })
  }
  record('ceiling-vs-rdkafka-performance', { flags, properties, results })
} finally {
  program.remove()
  rmSync(folder, { recursive: true, force: true })
}
