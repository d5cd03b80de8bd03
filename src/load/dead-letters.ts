import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { toEnvelope } from '../envelope.ts'
import { describe, MillraceError } from '../errors.ts'
import type { Copy, Rejected } from './returned.ts'

const LF = 0x0a

/**
 * A file of rejected records, each one a line that `produce --format envelope` sends again. What was appended has
 * been written to the file, though perhaps not yet to the disk.
 */
export class DeadLetters {
  readonly path: string
  readonly #handle: FileHandle
  /** Whole lines only. */
  #bytes: number
  readonly #regular: boolean
  /** Whether its name is in its folder for good. */
  #named = false
  /** One after the other: lines must not mix. */
  #turn: Promise<unknown> = Promise.resolve()
  #failure: MillraceError | undefined

  private constructor(path: string, handle: FileHandle, bytes: number, regular: boolean) {
    this.path = path
    this.#handle = handle
    this.#bytes = bytes
    this.#regular = regular
  }

  /**
   * Opens a file to append to, or makes it. A line that was cut off by whatever ended its writer is ended first; with
   * `keep`, what lies behind so many bytes is cut off.
   * @throws MillraceError USAGE where that is not possible
   */
  static async open(path: string, keep?: number): Promise<DeadLetters> {
    let handle: FileHandle | undefined
    try {
      handle = await open(path, 'a+')
      const stats = await handle.stat()
      const regular = stats.isFile()
      if (regular && keep !== undefined && stats.size > keep) await handle.truncate(keep)
      let bytes = regular ? Math.min(stats.size, keep ?? stats.size) : 0
      if (bytes > 0 && !(await endsWithLine(handle, bytes))) {
        await handle.appendFile('\n')
        bytes++
      }
      return new DeadLetters(path, handle, bytes, regular)
    } catch (cause) {
      await handle?.close().catch(() => {})
      throw new MillraceError('USAGE', `The file of dead letters cannot be opened: ${describe(cause)}`, {
        hint: 'Name a file in a folder that is there and may be written to',
        cause,
        context: { option: 'deadLetter', path },
      })
    }
  }

  /** The length of the file, in whole lines. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Appends all of them, or none. Waits until they are written.
   * @throws MillraceError DEAD_LETTERS_UNWRITABLE, from then on for good
   */
  append(rejected: readonly Rejected[]): Promise<void> {
    const lines = Buffer.from(rejected.map(record => `${deadLetter(record)}\n`).join(''))
    return this.#next(() => this.#write(lines))
  }

  /** Waits until what was appended before is on the disk. @throws MillraceError DEAD_LETTERS_UNWRITABLE */
  sync(): Promise<void> {
    return this.#next(() => (this.#regular ? this.#sync() : Promise.resolve()))
  }

  /** After what was appended before. Never rejects. */
  async close(): Promise<void> {
    await this.#turn.catch(() => {})
    await this.#handle.close().catch(() => {})
  }

  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(async () => {
      if (this.#failure !== undefined) throw this.#failure
      try {
        await work()
      } catch (cause) {
        this.#failure = unwritable(this.path, cause)
        throw this.#failure
      }
    })
    this.#turn = done.catch(() => {})
    return done
  }

  async #sync(): Promise<void> {
    await this.#handle.datasync()
    if (this.#named) return
    const folder = await open(dirname(this.path), 'r')
    await folder.sync().finally(() => folder.close())
    this.#named = true
  }

  async #write(lines: Buffer): Promise<void> {
    try {
      for (let written = 0; written < lines.length; ) {
        written += (await this.#handle.write(lines, written)).bytesWritten
      }
      this.#bytes += lines.length
    } catch (error) {
      if (this.#regular) await this.#handle.truncate(this.#bytes).catch(() => {})
      throw error
    }
  }
}

async function endsWithLine(handle: FileHandle, bytes: number): Promise<boolean> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, bytes - 1)
  return buffer[0] === LF
}

/** Its line, without the line's end. */
export function deadLetter({ origin, reason, copy, wholeLength }: Rejected): string {
  const { code, kafkaCode, message, possiblyPersisted } = reason
  const { file, byte, line } = origin
  const extra = {
    error: { code, kafkaCode, message, possiblyPersisted },
    source: { file, byte, line },
  }
  if (wholeLength === undefined) return toEnvelope(envelopeOf(copy), extra)
  // a part of a record is not to be sent as if it was the whole: without a value the line is no message
  const part = JSON.parse(toEnvelope(envelopeOf(copy))) as { value: string | null; encoding: string }
  const { value: beginning, encoding } = part
  const left = { ...envelopeOf(copy), value: null }
  return toEnvelope(left, { ...extra, value: undefined, cut: { beginning, encoding, length: wholeLength } })
}

function envelopeOf({ key, value, headers, ...rest }: Copy) {
  return {
    ...rest,
    key: buffer(key),
    value: buffer(value),
    headers: headers.map(([name, header]) => [name, buffer(header)] as const),
  }
}

/** What comes from another thread is no Buffer any more. */
function buffer(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function unwritable(path: string, cause: unknown): MillraceError {
  return new MillraceError(
    'DEAD_LETTERS_UNWRITABLE',
    `The dead letters cannot be written: ${describe(cause)}`,
    {
      hint: `See that there is space for ${path}. What could not be written there was neither delivered nor counted as rejected`,
      cause,
      context: { path },
    },
  )
}
