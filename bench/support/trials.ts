import { readyTopic } from '../../src/bench/end-offsets.ts'
import type { TrialLength } from '../../src/bench/trial.ts'
import { Producer } from '../../src/index.ts'
import { asked, forkEntry } from './fork.ts'
import { embedded, type Where } from './where.ts'

/** What one trial is to do. */
export interface Subject {
  /** A file of `drivers/`, or one of the programs that a run brings along. */
  readonly driver: string
  readonly variant: string
  readonly properties: Readonly<Record<string, string | number | boolean>>
  readonly outstanding: number
  readonly messageSize: number
  readonly warmupSeconds: number
  readonly length: TrialLength
  /** Default 4. */
  readonly partitions?: number
  /** False: what it counts goes nowhere, and the topic must not have moved. */
  readonly sends?: false
}

export interface Order extends Subject {
  readonly brokers: string
  readonly topic: string
  readonly seed: number
}

export interface Outcome {
  /** Acknowledged within the window / its length. */
  readonly messagesPerSecond: number
  /** Of the trial's process; the cluster is another. */
  readonly cpuSecondsPerMillion: number
  /** Null where it is no process of Node.js, here and below. */
  readonly gcMs: number | null
  /** By how much a 1 ms timer was late within the window, 99th percentile. */
  readonly eventLoopDelayP99Ms: number | null
  /** Of the threads that the driver measures by themselves. */
  readonly threadCpuSecondsPerMillion: number | null
  readonly seconds: number
  /** What the client says of the batches that it sent, where it does. */
  readonly messagesPerBatch?: number | null
  /** Over the trial's whole life. */
  readonly whole: { readonly offered: number; readonly delivered: number; readonly failed: number }
}

/** A client that is no driver of Node.js. `ends`: the sum of the topic's end offsets, since the trial began. */
export type Program = (order: Order, ends: () => Promise<number>) => Promise<Outcome>

export interface Surroundings {
  /** Default: embedded clusters. */
  readonly where?: Where
  readonly programs?: Readonly<Record<string, Program>>
}

/**
 * One trial: a topic made beforehand, on a cluster in another process, and the driver in a process of its own. Its
 * figures are void, and this throws, unless offered = delivered + failed, nothing failed, and the end offsets moved by
 * exactly what was delivered.
 */
export async function trial(
  subject: Subject,
  seed: number,
  { where = embedded, programs = {} }: Surroundings = {},
): Promise<Outcome> {
  const { driver, variant, partitions = 4, sends = true } = subject
  const place = await where.enter(partitions)
  try {
    const witness = await Producer.connect({ 'bootstrap.servers': place.bootstrapServers })
    try {
      const before = await readyTopic(witness, place.topic, partitions)
      const ends = async () => (await readyTopic(witness, place.topic, partitions)).sum - before.sum
      const order: Order = { ...subject, brokers: place.bootstrapServers, topic: place.topic, seed }
      const program = programs[driver] ?? inProcess
      const outcome = await program(order, ends)
      const { offered, delivered, failed } = outcome.whole
      const moved = await ends()
      if (offered !== delivered || failed !== 0 || moved !== (sends ? delivered : 0)) {
        throw new Error(
          `${driver} ${variant} is void: ${offered} offered, ${delivered} delivered, ${failed} failed, ` +
            `end offsets moved by ${moved}`,
        )
      }
      return outcome
    } finally {
      await witness.close()
    }
  } finally {
    await place.leave()
  }
}

function inProcess(order: Order): Promise<Outcome> {
  return asked(forkEntry('trial-process.ts', profiling()), "the trial's process", order)
}

/** `BENCH_PROFILE=DIR` has each trial's process write a CPU profile there. */
function profiling(): string[] {
  const folder = process.env.BENCH_PROFILE
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}
