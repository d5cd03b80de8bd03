import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomRing } from '../../src/bench/payloads.ts'
import { maven } from '../../test/integration/brokers/maven.ts'
import { livesNoLonger } from './lives-no-longer.ts'
import { textsOf } from './texts.ts'
import type { Order, Outcome, Program } from './trials.ts'

const MAIN = 'org.apache.kafka.tools.ProducerPerformance'
/** kafka-producer-perf-test's own. */
const JVM = ['-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']
const PAYLOADS = 16_384
const LOOK_MS = 100
/**
 * A virtual machine compiles what it does often, and its rate doubles over the first ten seconds: it gets more time to
 * warm up than the others.
 */
const WARMUP_SECONDS = 10
/** Expected of the first trial; later ones go by what was measured. */
const FIRST_RATE = 800_000
/** The part of its messages after which it may have offered all, with the rest on their way. */
const OFFERING = 0.97
/** Of USER_HZ, which is 100 wherever Linux runs. */
const TICK_SECONDS = 0.01

export interface JavaProducer {
  readonly run: Program
  remove(): Promise<void>
}

/**
 * `kafka-producer-perf-test` from Kafka's jars. It knows no window of time and tells nothing of when its messages were
 * acknowledged: it gets as many as take about so long, and its rate is that of the topic's end offsets over the last
 * seconds in which it offered. All its messages have to be acknowledged in the end.
 * @throws Error with the reason where it cannot be had: no Java, no jars
 */
export async function findJavaProducer(): Promise<JavaProducer> {
  const { available, reason: jars } = await maven.availability()
  if (!available) throw new Error(jars)
  const folder = await mkdtemp(join(tmpdir(), 'millrace-java-producer-'))
  let fastest = 0
  return {
    async run(order, ends) {
      const outcome = await runProgram({ jars, folder, rate: fastest || FIRST_RATE }, order, ends)
      fastest = Math.max(fastest, outcome.messagesPerSecond)
      return outcome
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

interface Java {
  readonly jars: string
  readonly folder: string
  /** Messages a second, expected. */
  readonly rate: number
}

async function runProgram(
  { jars, folder, rate }: Java,
  { brokers, topic, messageSize, seed, length, properties }: Order,
  ends: () => Promise<number>,
): Promise<Outcome> {
  if (!('seconds' in length)) throw new Error('kafka-producer-perf-test is measured for a time')
  const messages = Math.ceil(rate * (WARMUP_SECONDS + length.seconds))
  const payloads = join(folder, 'payloads')
  await writeFile(payloads, lines(messageSize, seed))
  const all = { ...properties, 'bootstrap.servers': brokers }
  const child = spawn(
    'java',
    [
      ...[...JVM, '-cp', join(jars, '*'), MAIN],
      ...['--topic', topic, '--num-records', String(messages), '--throughput', '-1'],
      ...['--payload-file', payloads, '--print-metrics'],
      ...['--producer-props', ...Object.entries(all).map(([name, value]) => `${name}=${value}`)],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const forget = livesNoLonger(child)
  let said = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    said += text
  })
  const closed = once(child, 'close')
  const window = await windowOf(child, ends, length.seconds, messages).catch(error => {
    child.kill('SIGKILL')
    throw error
  })
  const [code] = await closed
  forget()
  if (code !== 0) throw new Error(`kafka-producer-perf-test ended with ${code}: ${said.slice(-500)}`)
  const { offered, failed } = accountOf(said, messages)
  return {
    messagesPerSecond: window.delivered / window.seconds,
    cpuSecondsPerMillion: (window.cpuSeconds * 1e6) / window.delivered,
    gcMs: null,
    eventLoopDelayP99Ms: null,
    threadCpuSecondsPerMillion: null,
    seconds: window.seconds,
    messagesPerBatch: messagesPerBatch(said, messageSize),
    whole: { offered, delivered: offered - failed, failed },
  }
}

function lines(messageSize: number, seed: number): string {
  const { bytes, ranges } = randomRing(messageSize, seed)
  const payloads = Array.from({ length: Math.min(PAYLOADS, ranges.length / 2) }, (_, index) =>
    bytes.subarray(ranges[2 * index], ranges[2 * index + 1]),
  )
  return `${textsOf(payloads).values.join('\n')}\n`
}

interface Sample {
  readonly at: number
  readonly ends: number
  readonly cpuSeconds: number
}

/** The last seconds in which it still offered. @throws Error when it did not run for so long */
async function windowOf(
  child: ChildProcess,
  ends: () => Promise<number>,
  seconds: number,
  messages: number,
): Promise<{ seconds: number; delivered: number; cpuSeconds: number }> {
  const samples: Sample[] = []
  for (;;) {
    const before = performance.now()
    const sum = await ends()
    const at = (before + performance.now()) / 2000
    const ended = child.exitCode !== null || child.signalCode !== null
    if (ended || sum > messages * OFFERING) break
    if (sum > 0) samples.push({ at, ends: sum, cpuSeconds: cpuSecondsOf(child.pid ?? 0) })
    await sleep(LOOK_MS)
  }
  const last = samples.at(-1)
  const first = samples.findLast(({ at }) => at <= (last?.at ?? 0) - seconds)
  if (first === undefined || last === undefined) {
    throw new Error(`kafka-producer-perf-test was done too soon with ${messages} messages`)
  }
  return {
    seconds: last.at - first.at,
    delivered: last.ends - first.ends,
    cpuSeconds: last.cpuSeconds - first.cpuSeconds,
  }
}

/** What Linux counts for a process, user and system. */
function cpuSecondsOf(pid: number): number {
  // its name, in parentheses, may hold anything
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS
}

/** Its last line tells how many were acknowledged: a failed one prints an exception and is not among them. */
function accountOf(said: string, messages: number): { offered: number; failed: number } {
  const all = [...said.matchAll(/^(\d+) records sent, .* max latency/gm)]
  const sent = Number(all.at(-1)?.[1])
  if (!Number.isFinite(sent)) throw new Error(`kafka-producer-perf-test gave no result: ${said.slice(-500)}`)
  return { offered: messages, failed: messages - sent }
}

/** Of the metrics that it prints in the end; null where they are not among them. */
function messagesPerBatch(said: string, messageSize: number): number | null {
  const bytes = Number(/batch-size-avg\S*\s*:\s*([\d.]+)/.exec(said)?.[1])
  return Number.isFinite(bytes) && bytes > 0 ? Math.round(bytes / messageSize) : null
}
