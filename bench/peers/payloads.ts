import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomRing } from '../../src/bench/payloads.ts'
import { textsOf } from '../support/texts.ts'

export interface PayloadFile {
  readonly path: string
  remove(): void
}

/**
 * Payloads of `size` bytes as every client can send them, the very same bytes: lines of printable ASCII, since some read
 * text. They are the base64 of random bytes, 16,384 or `most` of them.
 */
export function writePayloads(size: number, seed: number, most = Number.POSITIVE_INFINITY): PayloadFile {
  const { bytes, ranges } = randomRing(size, seed)
  const count = Math.min(most, ranges.length / 2)
  const payloads = Array.from({ length: count }, (_, index) =>
    bytes.subarray(ranges[2 * index], ranges[2 * index + 1]),
  )
  const folder = mkdtempSync(join(tmpdir(), 'millrace-payloads-'))
  const path = join(folder, 'payloads')
  // no newline at the end: a file of whole pages would be copied by a client that reads it where it is (engine/borrow.ts)
  writeFileSync(path, textsOf(payloads).values.join('\n'))
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
