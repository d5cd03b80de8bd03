import { Histogram } from '../latency/index.ts'
import { fixed } from '../wording.ts'
import type { LatencyFeed } from './latency-feed.ts'
import type { Progress } from './trial.ts'

export interface ReporterOptions {
  readonly seconds: number
  /** Absent where latencies are not measured. */
  readonly feed: LatencyFeed | undefined
  /** How many messages were acknowledged so far. */
  readonly acknowledged: () => number
  /** Bytes of a message, on average over so many. */
  readonly meanBytes: (messages: number) => number
  readonly tell: (progress: Progress) => void
}

/** Tells every so often what was acknowledged since the last time. @returns what ends it */
export function reportEvery({ seconds, feed, acknowledged, meanBytes, tell }: ReporterOptions): () => void {
  let latencies = new Histogram()
  const stopHearing = feed?.hear(found => latencies.merge(found))
  let at = performance.now()
  let before = acknowledged()
  const timer = setInterval(() => {
    feed?.read()
    const now = performance.now()
    const count = acknowledged()
    const messages = count - before
    const { mean, max } = latencies
    tell({
      seconds: (now - at) / 1000,
      messages,
      megabytes: (messages * meanBytes(count)) / 1e6,
      latencyMs: mean === null || max === null ? null : { mean: mean / 1e6, max: max / 1e6 },
    })
    latencies = new Histogram()
    at = now
    before = count
  }, seconds * 1000)
  return () => {
    clearInterval(timer)
    stopHearing?.()
  }
}

/** `1200 records sent, 240.0 records/sec (0.02 MB/sec), 5.1 ms avg latency, 12.0 ms max latency.` */
export function progressLine({ seconds, messages, megabytes, latencyMs }: Progress): string {
  const rates = `${fixed(messages / seconds, 1)} records/sec (${fixed(megabytes / seconds, 2)} MB/sec)`
  const latency =
    latencyMs === null
      ? ''
      : `, ${latencyMs.mean.toFixed(1)} ms avg latency, ${latencyMs.max.toFixed(1)} ms max latency`
  return `${messages} records sent, ${rates}${latency}.`
}
