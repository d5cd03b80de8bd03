import { open } from 'node:fs/promises'
import xxhash from 'xxhash-wasm'
import { describe, MillraceError } from '../../errors.ts'
import { checkedLine } from './check-line.ts'
import { isHeader, type ReceiptHeader, type ReceiptLine } from './lines.ts'
import { unreadable } from './unreadable.ts'

export * from './lines.ts'

// A line is the XXH64 (seed 0) of its JSON's UTF-8 as 16 hex digits, a space, the JSON, and LF.

const LF = 0x0a
const HASH_DIGITS = 16
const BEGINNING = ' {"schema":"millrace.receipt/'
/** Lines written together before they are known to be on the disk: no more than these can be damaged by a crash. */
export const MOST_LINES_AT_ONCE = 64
const STEP = 256 * 1024
/** No line is that long; what is, is no receipt. */
const MOST_LINE_BYTES = 256 * 1024 * 1024

/** Where the whole lines of a receipt end before the file does, as after a crash in the middle of a write. */
export interface Damage {
  /** The line, from 1, that is not whole. */
  readonly line: number
  /** Lines behind it that are whole: written together with it. */
  readonly followers: number
}

/** What stands in a receipt, up to the last line before which all are whole. */
export interface ReceiptContent {
  /** Absent where the file is empty or ends in its first line: nothing had been sent by then. */
  readonly header: ReceiptHeader | undefined
  /** Bytes of the whole lines: where to cut the file before more is appended. */
  readonly wholeBytes: number
  readonly damage: Damage | undefined
}

/** Writes lines of a receipt. */
export type LineWriter = (line: ReceiptLine) => Buffer

export async function lineWriter(): Promise<LineWriter> {
  const hashOf = await lineHash()
  return line => {
    const json = Buffer.from(JSON.stringify(line))
    return Buffer.concat([Buffer.from(`${hashOf(json)} `, 'latin1'), json, Buffer.of(LF)])
  }
}

/**
 * Reads a receipt; `visit` gets its lines after the header, but not those behind a damage. Memory does not grow with the
 * file.
 * @throws MillraceError RECEIPT_UNREADABLE where it cannot be read, is no receipt or one of another version, or was
 * damaged before the end
 */
export async function readReceipt(
  path: string,
  visit: (line: Exclude<ReceiptLine, ReceiptHeader>) => void,
): Promise<ReceiptContent> {
  const reader = new Reader(path, visit, await lineHash())
  try {
    const file = await open(path, 'r')
    try {
      for (;;) {
        const memory = Buffer.allocUnsafe(STEP)
        const { bytesRead } = await file.read(memory, 0, STEP)
        if (bytesRead === 0) return reader.end()
        reader.push(memory.subarray(0, bytesRead))
      }
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause
    throw unreadable(path, describe(cause), 'Check the path and its permissions', cause)
  }
}

class Reader {
  readonly #path: string
  readonly #visit: (line: Exclude<ReceiptLine, ReceiptHeader>) => void
  readonly #hashOf: (json: Buffer) => string
  #pieces: Buffer[] = []
  #held = 0
  #lines = 0
  #wholeBytes = 0
  #header: ReceiptHeader | undefined
  #damage: { readonly line: number; followers: number } | undefined

  constructor(
    path: string,
    visit: (line: Exclude<ReceiptLine, ReceiptHeader>) => void,
    hashOf: (json: Buffer) => string,
  ) {
    this.#path = path
    this.#visit = visit
    this.#hashOf = hashOf
  }

  push(bytes: Buffer): void {
    let from = 0
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, from)) {
      this.#line(Buffer.concat([...this.#pieces, bytes.subarray(from, end)]))
      this.#pieces = []
      this.#held = 0
      from = end + 1
    }
    if (from === bytes.length) return
    this.#pieces.push(bytes.subarray(from))
    this.#held += bytes.length - from
    if (this.#held > MOST_LINE_BYTES) throw this.#none()
  }

  end(): ReceiptContent {
    const rest = Buffer.concat(this.#pieces)
    if (this.#header === undefined && !mayBegin(rest)) throw this.#none()
    if (rest.length > 0) this.#damage ??= { line: this.#lines + 1, followers: 0 }
    return { header: this.#header, wholeBytes: this.#wholeBytes, damage: this.#damage }
  }

  #line(text: Buffer): void {
    this.#lines++
    const json = text.subarray(HASH_DIGITS + 1)
    const isWhole = text.subarray(0, HASH_DIGITS + 1).toString('latin1') === `${this.#hashOf(json)} `
    if (this.#lines === 1) {
      // its beginning was on the disk before any other line was written
      if (!isWhole) throw this.#none()
      this.#header = this.#headerOf(json)
    } else if (this.#damage !== undefined) {
      if (isWhole && ++this.#damage.followers >= MOST_LINES_AT_ONCE) throw this.#damaged(this.#damage.line)
      return
    } else if (isWhole) {
      const line = this.#parsed(json)
      if (line !== undefined && !isHeader(line)) this.#visit(line)
    } else {
      this.#damage = { line: this.#lines, followers: 0 }
      return
    }
    this.#wholeBytes += text.length + 1
  }

  #headerOf(json: Buffer): ReceiptHeader {
    const line = this.#parsed(json)
    if (line === undefined || !isHeader(line)) throw this.#none()
    return line
  }

  #parsed(json: Buffer): ReceiptLine | undefined {
    try {
      return checkedLine(JSON.parse(json.toString()))
    } catch (cause) {
      const hint = 'Another version of millrace wrote it; read it with that one'
      throw unreadable(this.#path, `line ${this.#lines}: ${describe(cause)}`, hint, cause)
    }
  }

  #none(): MillraceError {
    return unreadable(this.#path, 'it is no receipt of millrace', 'Check the path')
  }

  #damaged(line: number): MillraceError {
    return unreadable(
      this.#path,
      `line ${line} was altered, and more than a crash can explain stands behind it`,
      'Restore it from a copy; or cut it before that line, and all that was delivered after it is sent again',
    )
  }
}

/** Whether a first line that was cut off may have been that of a receipt. */
function mayBegin(bytes: Buffer): boolean {
  const text = bytes.subarray(0, HASH_DIGITS + BEGINNING.length).toString('latin1')
  const hash = text.slice(0, HASH_DIGITS)
  return /^[0-9a-f]*$/.test(hash) && BEGINNING.startsWith(text.slice(HASH_DIGITS))
}

async function lineHash(): Promise<(json: Buffer) => string> {
  const { h64Raw } = await xxhash()
  return json => h64Raw(json).toString(16).padStart(HASH_DIGITS, '0')
}
