import { isMainThread, markAsUntransferable } from 'node:worker_threads'

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

/** Memory of its own, which may be borrowed: it never has the size of a WebAssembly memory. */
export function borrowableMemory(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(bytes % WASM_PAGE === 0 ? bytes + 1 : bytes).subarray(0, bytes)
}

/**
 * Whether librdkafka may read values out of `bytes` where they are, until their messages have ended: the memory must
 * not go away or shrink meanwhile, whatever the program does. So: the main thread's, and no one's that can be
 * transferred, resized or grown. It cannot be transferred to a worker from then on.
 */
export function borrowable(bytes: Uint8Array, values: number): boolean {
  if (bytes.byteLength < Math.min(values * FROM_BYTES, FROM_BYTES_IN_ALL) || !isMainThread) return false
  const buffer = bytes.buffer as Modern
  if (!(buffer instanceof ArrayBuffer) || buffer.resizable === true) return false
  if (buffer.byteLength % WASM_PAGE === 0) return false
  holds ??= markHolds()
  if (!holds) return false
  markAsUntransferable(buffer)
  return true
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
