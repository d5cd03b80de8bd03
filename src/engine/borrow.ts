import { isMainThread, markAsUntransferable } from 'node:worker_threads'
import { type Binding, loadAddon } from './binding.ts'

/**
 * What librdkafka does with a frame's values, as src/native/bind_offers.cc has it: copies them; reads them where they are if
 * that is memory of `borrowableMemory`; or reads them there in any case.
 */
export type Borrowing = 0 | 1 | 2
export const COPIED = 0
export const IF_LENT = 1
export const VOUCHED_FOR = 2

/**
 * Of memory for each value, or in all: a frame with less is small, and copying it costs little. Of 512 KiB of lines of 96 bytes
 * copying took an eighth of a load's processor time (9 adjacent runs each).
 */
const FROM_BYTES = 256
const FROM_BYTES_IN_ALL = 64 * 1024
/** WebAssembly's memories have whole pages, and go away when they grow; nothing else tells them from others. */
const WASM_PAGE = 65_536

type Modern = ArrayBuffer & { readonly resizable?: boolean; transfer?(): ArrayBuffer }

let holds: boolean | undefined
let addon: Binding | null | undefined

/**
 * Memory of its own, whose values the addon can lend to librdkafka from any thread: it stays until the messages in flight
 * have ended, whatever becomes of the Buffer and of its thread. Ordinary memory where there is no addon. Not zeroed.
 */
export function borrowableMemory(bytes: number): Buffer {
  if (addon === undefined) addon = addonOrNone()
  return addon?.lend(bytes) ?? Buffer.allocUnsafeSlow(bytes)
}

/**
 * How values of `bytes` go to librdkafka. Memory that the addon did not lend must not go away or shrink until their messages
 * have ended, whatever the program does. So: the main thread's, and no one's that can be transferred, resized or grown. It
 * cannot be transferred to a worker from then on.
 */
export function borrowing(bytes: Uint8Array, values: number): Borrowing {
  if (bytes.byteLength < Math.min(values * FROM_BYTES, FROM_BYTES_IN_ALL)) return COPIED
  const buffer = bytes.buffer as Modern
  if (!isMainThread || !(buffer instanceof ArrayBuffer) || buffer.resizable === true) return IF_LENT
  if (buffer.byteLength % WASM_PAGE === 0) return IF_LENT
  holds ??= markHolds()
  if (!holds) return IF_LENT
  markAsUntransferable(buffer)
  return VOUCHED_FOR
}

function addonOrNone(): Binding | null {
  try {
    return loadAddon().binding
  } catch {
    return null
  }
}

/** Whether the mark stops ArrayBuffer's own `transfer`, too, where there is one; it depends on Node's version. */
function markHolds(): boolean {
  const probe: Modern = new ArrayBuffer(8)
  markAsUntransferable(probe)
  try {
    probe.transfer?.()
  } catch {
    return true
  }
  return probe.byteLength === 8
}
