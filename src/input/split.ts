import { type FileHandle, open } from 'node:fs/promises'
import { endOfDelimiter } from './delimiter.ts'
import { type ChunkRing, readFile } from './file.ts'
import type { NamedFormat } from './formats.ts'
import { checkedFormat, type ReadOptions } from './options.ts'
import { readColumns } from './read.ts'
import type { Chunk, Input } from './source.ts'
import { packingOf, unpackAs } from './unpack.ts'
import { brokenError } from './unreadable.ts'

/** A part of an input, or all of it, as another thread can be told of it: records begin at its start and end at its end. */
export interface Part {
  readonly name: string
  /** Of the whole file. */
  readonly size: number | null
  /** Offset of its first byte. */
  readonly start: number
  /** Offset after its last byte; null: the input's end. */
  readonly end: number | null
  /** What ends a line before it, to count them. */
  readonly delimiter: Uint8Array | undefined
  /** csv, tsv: the names that the file's first row gives to the columns of the parts after the first. */
  readonly columns: readonly string[] | undefined
  /** How the file is packed, of which the offsets tell unpacked; absent: it is not, or this is all of it. */
  readonly packing?: 'gzip' | 'zstd' | undefined
  /** What is counted before it cannot be found without reading records. */
  readonly unit?: 'record' | undefined
}

const LF = 0x0a
const QUOTE = 0x22
const STEP = 64 * 1024

/** All of an input. */
export function wholeOf({ name, size }: Input): Part {
  return { name, size, start: 0, end: null, delimiter: undefined, columns: undefined }
}

/** A part of a file as something to read. */
export function openPart(part: Part): Input {
  const { name, size, start, end, packing } = part
  const chunks = (ring?: ChunkRing) =>
    packing === undefined
      ? readFile(name, size, { start, end }, ring)
      : between(start, end, unpackAs(packing, name, readFile(name, size), size !== null))
  return { name, size, start, linesBefore: () => linesBefore(part), chunks }
}

/** The options for a part, out of those for its whole file. */
export function optionsForPart(read: ReadOptions, { columns, packing }: Part): ReadOptions {
  return {
    ...read,
    ...(columns === undefined ? {} : { columns }),
    // by whoever opens the part
    ...(packing === undefined ? {} : { decompress: 'none' }),
  }
}

/**
 * The part of a file between two borders of records, whatever its format and packing: a packed one is unpacked up to
 * there again. Reads the first row of a csv file that names its columns. Fails as readRecords does.
 */
export async function partBetween(
  input: Input,
  options: ReadOptions,
  start: number,
  end: number | null,
): Promise<Part> {
  const { name, size } = input
  const { decompress = 'auto' } = options
  const packing = decompress === 'auto' ? packingOf(name).packing : decompress
  const format = checkedFormat(name, options)
  const columns = start === 0 ? undefined : await namedColumns(input, format, options)
  if (columns === null) {
    throw brokenError(
      { input: name, reason: 'no row names its columns any more', hint: 'See what changed it' },
      0,
    )
  }
  return {
    name,
    size,
    start,
    end,
    delimiter: format === 'lines' ? options.delimiter : undefined,
    columns,
    packing: packing === 'none' ? undefined : packing,
    unit: format === 'raw' || format === 'length-prefixed' ? 'record' : undefined,
  }
}

/**
 * Finds where a file may be cut so that its parts have just the records of the whole. Only where that is certain:
 * a plain file of lines. Not what is packed, not where a delimiter can overlap another, not csv with quotes, in
 * which any line's end may be a field's.
 */
export class Splitter {
  readonly #input: Input
  readonly #delimiter: Buffer
  readonly #columns: readonly string[] | undefined

  private constructor(input: Input, delimiter: Buffer, columns: readonly string[] | undefined) {
    this.#input = input
    this.#delimiter = delimiter
    this.#columns = columns
  }

  /**
   * Undefined where the input is not to be split. Reads a csv file's bytes up to the first quote, and the first row of
   * one that names its columns. Never rejects: what cannot be read is for who reads the whole to tell.
   */
  static async of(input: Input, options: ReadOptions): Promise<Splitter | undefined> {
    if (!maySplit(input, options)) return undefined
    const format = checkedFormat(input.name, options)
    try {
      if (format === 'csv' && (await hasQuotes(input))) return undefined
      const columns = await namedColumns(input, format, options)
      if (columns === null) return undefined
      return new Splitter(input, delimiterOf(options), columns)
    } catch {
      return undefined
    }
  }

  /** The part from `start` to the first record that begins at `end` or after it. */
  async part(start: number, end: number): Promise<Part> {
    const { name, size } = this.#input
    const border = await this.#border(end).catch(() => null)
    const delimiter = this.#delimiter
    const columns = start === 0 ? undefined : this.#columns
    return { name, size, start, end: border, delimiter, columns }
  }

  /** Where the first record begins at or behind `offset`; null: none does. */
  async #border(offset: number): Promise<number | null> {
    const delimiter = this.#delimiter
    const size = this.#input.size ?? 0
    const handle = await open(this.#input.name, 'r')
    try {
      let at = Math.max(0, offset - delimiter.length)
      let before: Buffer = Buffer.alloc(0)
      while (at < size) {
        const bytes = await readAt(handle, at)
        if (bytes.length === 0) return null
        const end = endOfDelimiter(before, bytes, delimiter)
        if (end >= 0) return at + end < size ? at + end : null
        before = tail(before, bytes, delimiter.length - 1)
        at += bytes.length
      }
      return null
    } finally {
      await handle.close()
    }
  }
}

/** Whether an input is a plain file in a format that can be split, as far as its name and the options tell. */
export function maySplit(input: Input, options: ReadOptions): boolean {
  const { decompress = 'auto' } = options
  if (input.size === null || input.size === 0) return false
  if ((decompress === 'auto' ? packingOf(input.name).packing : decompress) !== 'none') return false
  if (!splittable.includes(checkedFormat(input.name, options))) return false
  return !overlapsItself(delimiterOf(options))
}

const splittable: readonly NamedFormat[] = ['lines', 'ndjson', 'envelope', 'csv', 'tsv']

/** How many delimiters stand before a part. */
async function linesBefore(part: Part): Promise<number> {
  const { name, start, delimiter = Buffer.of(LF), unit } = part
  if (unit === 'record') throw new Error(`the records of ${name} were not counted`)
  const { length } = delimiter
  const needle = length === 1 ? delimiter[0]! : Buffer.from(delimiter)
  let lines = 0
  let before: Buffer = Buffer.alloc(0)
  for await (const { memory, start: from } of openPart({ ...part, start: 0, end: start }).chunks()) {
    const bytes = Buffer.concat([before, memory.subarray(from)])
    let behind = 0
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, behind)) {
      lines++
      behind = at + length
    }
    before = bytes.subarray(Math.max(behind, bytes.length - length + 1))
  }
  return lines
}

/** The bytes between two offsets. */
async function* between(
  start: number,
  end: number | null,
  chunks: AsyncIterable<Chunk>,
): AsyncGenerator<Chunk, void, undefined> {
  let at = 0
  for await (const { memory, start: head } of chunks) {
    const bytes = memory.subarray(head)
    const from = Math.max(0, start - at)
    const to = end === null ? bytes.length : Math.min(bytes.length, end - at)
    if (from < to) yield { memory: bytes.subarray(from, to), start: 0 }
    at += bytes.length
    if (end !== null && at >= end) return
  }
}

function delimiterOf({ delimiter }: ReadOptions): Buffer {
  return Buffer.from(delimiter ?? [LF])
}

/** Whether an end of the delimiter is a beginning of it, too: where one is found, another may have begun before. */
function overlapsItself(delimiter: Buffer): boolean {
  for (let length = 1; length < delimiter.length; length++) {
    if (delimiter.subarray(0, length).equals(delimiter.subarray(-length))) return true
  }
  return false
}

async function hasQuotes(input: Input): Promise<boolean> {
  for await (const { memory, start } of input.chunks()) {
    if (memory.indexOf(QUOTE, start) >= 0) return true
  }
  return false
}

/** Null: the first row gives none, and who reads the whole will tell why. */
async function namedColumns(
  input: Input,
  format: NamedFormat,
  options: ReadOptions,
): Promise<readonly string[] | undefined | null> {
  if ((format !== 'csv' && format !== 'tsv') || options.columns !== undefined) return undefined
  return (await readColumns(input, options)) ?? null
}

async function readAt(handle: FileHandle, position: number): Promise<Buffer> {
  const memory = Buffer.allocUnsafe(STEP)
  const { bytesRead } = await handle.read(memory, 0, STEP, position)
  return memory.subarray(0, bytesRead)
}

function tail(before: Buffer, bytes: Buffer, length: number): Buffer {
  if (length === 0) return Buffer.alloc(0)
  return Buffer.concat([before, bytes.subarray(-length)]).subarray(-length)
}
