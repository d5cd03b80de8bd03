import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describe, MillraceError } from '../errors.ts'

/** The addon's functions; what each does stands in src/native/binding.cc. Tokens name channels, ids batches. */
export interface Binding {
  open(messages: number, bytes: number, wake: () => void): number
  topic(token: number, name: string): number
  batch(token: number, size: number, slots: boolean): number
  offer(token: number, batch: number, fields: Int32Array, count: number, arena: Uint8Array): number
  framed(
    token: number,
    batch: number,
    from: number,
    to: number,
    fields: Int32Array,
    bytes: Uint8Array,
    ranges: Uint32Array,
    keyBytes: Uint8Array | null,
    keyRanges: Uint32Array | null,
    arena: Uint8Array,
  ): number
  single(token: number, fields: Int32Array, arena: Uint8Array): number
  seal(token: number, batch: number): void
  awake(token: number): boolean
  endings(token: number): {
    ids: Uint32Array
    partitions: Int32Array
    offsets: Float64Array
    errors: Int16Array
    states: Uint8Array
  } | null
  finished(token: number): Uint32Array | null
  batchCounts(token: number, batch: number): Float64Array
  failures(token: number, batch: number): Int32Array | null
  deliveries(token: number, batch: number, partitions: Int32Array, offsets: Float64Array): void
  free(token: number, batch: number): void
  counts(token: number): Float64Array
  purge(token: number): void
  close(token: number): void
  release(token: number): void
  /** These are of src/native/bind_ceiling.cc, and their tokens name ceilings. */
  ceilingOpen(
    bytes: Uint8Array,
    ranges: Uint32Array,
    messages: number,
    maxBytes: number,
    changed: () => void,
  ): number
  ceilingStart(token: number, topic: string, messages: number, stopAtFailure: boolean): boolean
  ceilingStop(token: number): void
  ceilingFlush(token: number): void
  ceilingPurge(token: number): void
  ceilingCounts(token: number): Float64Array
  ceilingClose(token: number): void
  ceilingRelease(token: number): void
}

const require = createRequire(import.meta.url)
// beside dist/ and src/ alike
const root = fileURLToPath(new URL('../../', import.meta.url))

let loaded: { binding: Binding; path: string } | undefined

/**
 * Loads the addon, once a process.
 * @throws MillraceError ENGINE_UNAVAILABLE with the reason and the command that repairs it
 */
export function loadBinding(): { binding: Binding; path: string } {
  if (loaded !== undefined) return loaded
  const path = `${root}build/Release/millrace.node`
  try {
    loaded = { binding: require(path) as Binding, path }
    return loaded
  } catch (cause) {
    const reason = describe(cause).split('\n', 1)[0]
    throw new MillraceError('ENGINE_UNAVAILABLE', `The batch engine's addon cannot be loaded: ${reason}`, {
      cause,
      hint: 'It is compiled at install; run `npm rebuild millrace`, or scripts/bootstrap in a clone',
    })
  }
}
