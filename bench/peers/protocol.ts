import type { TrialLength } from '../../src/bench/trial.ts'

/**
 * What every driver is told, one JSON object on a line of standard input, which stays open: when it ends, so does the
 * driver. It answers with one JSON object a line (`Said`) on standard output, and says nothing else there.
 */
export interface Task {
  readonly brokers: string
  /** Made beforehand. */
  readonly topic: string
  readonly partitions: number
  /** Payloads, one a line: printable ASCII of `messageSize` bytes each. They are sent round and round. */
  readonly payloadFile: string
  readonly messageSize: number
  /** So many messages go to a partition before the next one's turn; null: the client's own partitioner chooses. */
  readonly run: number | null
  /** Messages on their way, at most. */
  readonly outstanding: number
  /** Before the window, after the first acknowledgement. */
  readonly warmupSeconds: number
  readonly length: TrialLength
  /** What this driver does in more than one way. */
  readonly variant: string
  /** The settings, by the client's own names. */
  readonly properties: Properties
  /** Messages a second, by earlier trials; null in the first. For programs that know no time, but a number. */
  readonly expectedRate: number | null
}

export type Properties = Readonly<Record<string, string | number | boolean>>

/** In this order. `at`, as all times here: ms on the system's monotonic clock, which is one for all processes. */
export const events = ['ready', 'start', 'last acknowledgement', 'result'] as const

export type Said =
  | { readonly event: 'ready' | 'start' | 'last acknowledgement'; readonly at: number }
  | ({ readonly event: 'result'; readonly at: number } & Result)
  | { readonly event: 'error'; readonly at: number; readonly error: string }

/** What a driver counted. A message is delivered when its acknowledgement has reached the driver, never before. */
export interface Result {
  readonly offered: number
  readonly delivered: number
  readonly failed: number
  /** Null for a program that only knows its whole; `too soon`: it knows no time, and had too few messages for one. */
  readonly window: Window | null | 'too soon'
  /** What the client tells of its batches, over its life or a good part of it; null where it does not. */
  readonly batches: Batches | null
  /** Which client, with its version. */
  readonly client: string
  /** Of Node.js; absent in others. */
  readonly node?: {
    readonly gcMs: number
    /** By how much a 1 ms timer was late within the window, 99th percentile. */
    readonly eventLoopDelayP99Ms: number
    /** Of the threads that the driver measures by themselves, within the window. */
    readonly threadCpuSeconds: number | null
  }
}

export interface Window {
  readonly from: number
  readonly to: number
  /** Acknowledged within it. */
  readonly delivered: number
  /** Of the client's process within it, user and system; null where it is not known. */
  readonly cpuSeconds: number | null
}

export interface Batches {
  readonly messages: number
  readonly batches: number
  /** Produce requests; null where they are not told apart from batches. */
  readonly requests: number | null
}

/** A trial whose figures say nothing. */
export class VoidTrial extends Error {
  override readonly name = 'VoidTrial'
}

export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** @throws VoidTrial for a line that is no event */
export function readSaid(line: string): Said {
  const said = parsed(line)
  if (said === null || typeof said !== 'object') throw strange(line)
  const { event, at } = said as Partial<Said>
  if (event === 'error')
    return { event, at: at ?? Number.NaN, error: String((said as { error: unknown }).error) }
  if (event === undefined || !events.includes(event) || !Number.isFinite(at)) throw strange(line)
  if (event === 'result' && !isResult(said as Partial<Result>)) throw strange(line)
  return said as Said
}

function isResult({ offered, delivered, failed, window, batches, client }: Partial<Result>): boolean {
  const counts = [offered, delivered, failed]
  if (!counts.every(count => Number.isInteger(count) && (count as number) >= 0)) return false
  return window !== undefined && batches !== undefined && typeof client === 'string'
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw strange(line)
  }
}

function strange(line: string): VoidTrial {
  return new VoidTrial(`it said what is no event: ${line.slice(0, 200)}`)
}
