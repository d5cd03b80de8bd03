import { endsMoved, readyTopic } from '../../src/bench/end-offsets.ts'
import type { TrialLength } from '../../src/bench/trial.ts'
import { Producer } from '../../src/index.ts'
import { embedded, type Where } from '../support/where.ts'
import { type Command, type Heard, hear, type Patience } from './hear.ts'
import { writePayloads } from './payloads.ts'
import { type Batches, type Properties, type Task, VoidTrial } from './protocol.ts'

/** What one trial is to do. */
export interface Subject {
  /** Its name in the catalogue. */
  readonly driver: string
  readonly variant: string
  /** The settings, by the client's own names (settings.ts). */
  readonly properties: Properties
  readonly outstanding: number
  readonly messageSize: number
  readonly warmupSeconds: number
  readonly length: TrialLength
  /** Default 4. */
  readonly partitions?: number
  /** So many messages go to a partition before the next one's turn. Absent: the client's own partitioner chooses. */
  readonly run?: number
  /** Different payloads, if fewer than 16,384. */
  readonly payloads?: number
  /** False: what it counts goes nowhere, and the topic must not have moved. */
  readonly sends?: false
}

export interface Outcome {
  /** Acknowledged within the window / its length. */
  readonly messagesPerSecond: number
  /** Of the client's process; the cluster is another. NaN where it is not known. */
  readonly cpuSecondsPerMillion: number
  /** Null where it is no process of Node.js, here and below. */
  readonly gcMs: number | null
  /** By how much a 1 ms timer was late within the window, 99th percentile. */
  readonly eventLoopDelayP99Ms: number | null
  /** Of the threads that the driver measures by themselves. */
  readonly threadCpuSecondsPerMillion: number | null
  readonly seconds: number
  /** From the first message offered to the last acknowledgement. */
  readonly startToLastSeconds: number
  readonly messagesPerBatch: {
    /** What the client tells; null where it does not. */
    readonly client: number | null
    /** What lies in the cluster's log; null where nobody can look. */
    readonly cluster: number | null
  }
  /** What the client tells of its requests; null where it does not. */
  readonly messagesPerRequest: number | null
  readonly client: string
  /** Over the trial's whole life. */
  readonly whole: { readonly offered: number; readonly delivered: number; readonly failed: number }
}

export interface Surroundings {
  /** Default: embedded clusters. */
  readonly where?: Where
  /** Drivers by name. */
  readonly commands: Readonly<Record<string, Command>>
  /** Default: of the trial's length. */
  readonly patience?: Patience
}

/** What a trial gets that was over too soon, times what it had; and how often. */
const MORE = 2
const ATTEMPTS = 3

class TooSoon extends VoidTrial {}

/** The best rate of each subject so far, for programs that know no time but a number of messages. */
const bestRates = new Map<string, number>()

/**
 * One trial: a topic made beforehand, on a cluster in another process, and the driver in a process of its own.
 * @throws VoidTrial unless the driver kept to the protocol, offered = delivered + failed, nothing failed, and the end
 * offsets moved by exactly what it says was delivered
 */
export async function trial(subject: Subject, seed: number, surroundings: Surroundings): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(subject, seed, surroundings)
    } catch (error) {
      const { driver, variant } = subject
      if (error instanceof TooSoon && attempt < ATTEMPTS) continue
      if (!(error instanceof VoidTrial)) throw error
      throw new VoidTrial(`${driver}${variant === '' ? '' : ` ${variant}`} is void: ${error.message}`)
    }
  }
}

async function once(subject: Subject, seed: number, surroundings: Surroundings): Promise<Outcome> {
  const { driver, variant, partitions = 4 } = subject
  const { where = embedded, commands, patience = patienceFor(subject) } = surroundings
  const command = commands[driver]
  if (command === undefined) throw new Error(`${driver} is not among the drivers`)
  const place = await where.enter(partitions)
  const payloads = writePayloads(subject.messageSize, seed, subject.payloads)
  try {
    const witness = await Producer.connect({ 'bootstrap.servers': place.bootstrapServers })
    try {
      const before = await readyTopic(witness, place.topic, partitions)
      const rateKey = [where.name, driver, variant, subject.messageSize, partitions].join(' ')
      const task = taskOf(subject, payloads.path, place, bestRates.get(rateKey) ?? null)
      const heard = await hear(command, task, patience)
      const { delivered } = heard.result
      const moved = await endsMoved(witness, place.topic, before.sum, delivered)
      checkAccount(heard, subject, moved)
      if (heard.result.window === 'too soon') {
        bestRates.set(rateKey, (MORE * delivered) / secondsOf(subject))
        throw new TooSoon(`it was done too soon with ${delivered} messages`)
      }
      const outcome = outcomeOf(heard, delivered, (await place.batches?.()) ?? null)
      bestRates.set(rateKey, Math.max(bestRates.get(rateKey) ?? 0, outcome.messagesPerSecond))
      return outcome
    } finally {
      await witness.close()
    }
  } finally {
    payloads.remove()
    await place.leave()
  }
}

function taskOf(
  subject: Subject,
  payloadFile: string,
  { bootstrapServers, topic }: { bootstrapServers: string; topic: string },
  expectedRate: number | null,
): Task {
  const { variant, properties, outstanding, messageSize, warmupSeconds, length } = subject
  return {
    ...{ brokers: bootstrapServers, topic, partitions: subject.partitions ?? 4, run: subject.run ?? null },
    ...{ variant, properties, outstanding, messageSize, warmupSeconds, length, expectedRate },
    payloadFile,
  }
}

function checkAccount({ result }: Heard, { sends }: Subject, moved: number): void {
  const { offered, delivered, failed } = result
  if (offered === delivered && failed === 0 && moved === (sends === false ? 0 : delivered)) return
  throw new VoidTrial(
    `${offered} offered, ${delivered} delivered, ${failed} failed, end offsets moved by ${moved}`,
  )
}

function outcomeOf(
  { startAt, lastAcknowledgementAt, result }: Heard,
  delivered: number,
  inLog: number | null,
) {
  const { offered, failed, batches, client, node } = result
  const startToLastSeconds = (lastAcknowledgementAt - startAt) / 1000
  // a program that only knows its whole has that for a window
  const whole = { from: startAt, to: lastAcknowledgementAt, delivered, cpuSeconds: null }
  const window = result.window === null || result.window === 'too soon' ? whole : result.window
  const seconds = (window.to - window.from) / 1000
  const { threadCpuSeconds = null } = node ?? {}
  return {
    messagesPerSecond: window.delivered / seconds,
    cpuSecondsPerMillion: perMillion(window.cpuSeconds ?? Number.NaN, window.delivered),
    gcMs: node?.gcMs ?? null,
    eventLoopDelayP99Ms: node?.eventLoopDelayP99Ms ?? null,
    threadCpuSecondsPerMillion:
      threadCpuSeconds === null ? null : perMillion(threadCpuSeconds, window.delivered),
    seconds,
    startToLastSeconds,
    messagesPerBatch: {
      client: ratio(batches, 'batches'),
      cluster: inLog === null ? null : delivered / inLog,
    },
    messagesPerRequest: ratio(batches, 'requests'),
    client,
    whole: { offered, delivered, failed },
  } satisfies Outcome
}

function perMillion(seconds: number, messages: number): number {
  return (seconds * 1e6) / messages
}

function ratio(batches: Batches | null, of: 'batches' | 'requests'): number | null {
  const count = batches?.[of] ?? null
  return batches === null || count === null || count === 0 ? null : batches.messages / count
}

/** Generous: a slow client is slow, not void. */
function patienceFor(subject: Subject): Patience {
  return { readyMs: 60_000, resultMs: 1000 * (120 + 10 * secondsOf(subject)), endMs: 20_000 }
}

/** About, with its warm-up. */
function secondsOf({ warmupSeconds, length }: Subject): number {
  // a million messages a minute is slower than any client here
  return warmupSeconds + ('seconds' in length ? length.seconds : (length.messages / 1e6) * 60)
}
