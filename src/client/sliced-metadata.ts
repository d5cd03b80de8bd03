import type { ClientError } from './kafka-errors.ts'

const SLICE_MS = 500

interface MetadataOptions {
  readonly topic?: string
  readonly allTopics?: boolean
  readonly timeout: number
}

type Callback<T> = (error: ClientError | null, metadata: T) => void

interface AsksMetadata<T> {
  getMetadata(options: MetadataOptions, callback: Callback<T>): void
}

/**
 * Asks for metadata in short requests, until one is answered, the time is up, or `cancelled` says so.
 *
 * A request blocks a thread of libuv's pool, of which there are four, and cannot be cut short: one of ten seconds
 * would keep other clients from connecting, and the process from ending.
 */
export function askInSlices<T>(
  ask: (options: MetadataOptions, callback: Callback<T>) => void,
  options: MetadataOptions,
  cancelled: () => boolean,
  callback: Callback<T>,
): void {
  const until = performance.now() + options.timeout
  const next = () => {
    const left = Math.max(1, Math.ceil(until - performance.now()))
    ask({ ...options, timeout: Math.min(SLICE_MS, left) }, (error, metadata) => {
      if (error && left > SLICE_MS && !cancelled()) next()
      else callback(error, metadata)
    })
  }
  next()
}

/** Has a client of node-rdkafka, which asks for metadata when it connects, do so in slices. */
export function connectInSlices<T>(client: AsksMetadata<T>, cancelled: () => boolean): void {
  const ask = client.getMetadata.bind(client)
  client.getMetadata = (options, callback) => askInSlices(ask, options, cancelled, callback)
}
