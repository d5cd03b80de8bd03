import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomRing } from '../../src/bench/payloads.ts'
import { textsOf } from '../support/texts.ts'

/**
 * Payloads as every client can send them, the very same bytes: lines of printable ASCII, since some read text. They are
 * the base64 of random bytes, no two alike.
 */
export class PayloadFiles {
  readonly #paths = new Map<string, string>()
  #folder: string | undefined

  /** A file of payloads of `size` bytes; `most`: how many, if fewer than 16,384. It stays until `remove`. */
  path(size: number, seed: number, most = Number.POSITIVE_INFINITY): string {
    const name = `${size}-${seed}-${most}`
    const known = this.#paths.get(name)
    if (known !== undefined) return known
    const { bytes, ranges } = randomRing(size, seed)
    const count = Math.min(most, ranges.length / 2)
    const payloads = Array.from({ length: count }, (_, index) =>
      bytes.subarray(ranges[2 * index], ranges[2 * index + 1]),
    )
    this.#folder ??= mkdtempSync(join(tmpdir(), 'millrace-payloads-'))
    const path = join(this.#folder, name)
    // no newline at the end: a file of whole pages would be copied by a client that reads it where it is (engine/borrow.ts)
    writeFileSync(path, textsOf(payloads).values.join('\n'))
    this.#paths.set(name, path)
    return path
  }

  remove(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
    this.#folder = undefined
    this.#paths.clear()
  }
}
