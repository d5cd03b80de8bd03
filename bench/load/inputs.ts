import { createWriteStream, linkSync, mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type Kind, Texts } from './texts.ts'

/** What is to be loaded; plain data, recorded with the result. */
export interface InputSpec {
  readonly kind: Kind
  /** Of a number of bytes, the record that reaches it is the last. */
  readonly size: { readonly records: number } | { readonly bytes: number }
  /** Of so many files, each with as many records. Default: one. */
  readonly files?: number
  readonly packed?: 'gzip'
  /** The one file under so many names, for more bytes than the disk should have to hold. Default: one. */
  readonly times?: number
}

/** Files that are there. */
export interface Input {
  readonly folder: string
  /** Within the folder. */
  readonly names: readonly string[]
  readonly records: number
  /** Before they were packed. */
  readonly bytes: number
}

const SEED = 1
const BLOCK_CHARACTERS = 1024 * 1024
const NAMES: Readonly<Record<Kind, string>> = {
  lines: 'lines.txt',
  ndjson: 'orders.ndjson',
  csv: 'orders.csv',
}

/** Writes it into a folder of its own. Whoever made `parent` removes it. */
export async function writeInput(parent: string, name: string, spec: InputSpec): Promise<Input> {
  const folder = join(parent, name)
  mkdirSync(folder)
  return spec.files === undefined ? writeOne(folder, spec) : writeMany(folder, spec, spec.files)
}

async function writeOne(folder: string, { kind, size, packed, times = 1 }: InputSpec): Promise<Input> {
  const name = packed === undefined ? NAMES[kind] : `${NAMES[kind]}.gz`
  const written = { records: 0, bytes: 0 }
  await pipeline(
    Readable.from(blocks(kind, size, written)),
    packed === undefined ? new PassThrough() : createGzip(),
    // nothing is to be written back to the disk while something is measured
    createWriteStream(join(folder, name), { flush: true }),
  )
  const names = [name]
  for (let more = 2; more <= times; more++) {
    const link = `${more}-${name}`
    linkSync(join(folder, name), join(folder, link))
    names.push(link)
  }
  return { folder, names, records: times * written.records, bytes: times * written.bytes }
}

function* blocks(
  kind: Kind,
  size: InputSpec['size'],
  written: { records: number; bytes: number },
): Generator<Buffer> {
  const texts = new Texts(kind, SEED)
  const { records, bytes } = { records: Infinity, bytes: Infinity, ...size }
  let text = texts.header
  let left = records
  // characters are bytes, but for a few
  while (left > 0 && written.bytes + text.length < bytes) {
    text += texts.next()
    left--
    written.records++
    if (text.length < BLOCK_CHARACTERS) continue
    yield tallied(text, written)
    text = ''
  }
  yield tallied(text, written)
}

function tallied(text: string, written: { bytes: number }): Buffer {
  const block = Buffer.from(text)
  written.bytes += block.length
  return block
}

async function writeMany(folder: string, { kind, size }: InputSpec, files: number): Promise<Input> {
  const records = 'records' in size ? size.records : Number.NaN
  const each = records / files
  if (!Number.isInteger(each)) throw new Error(`${records} records are not to be had in ${files} files`)
  const texts = new Texts(kind, SEED)
  const digits = String(files).length
  const names: string[] = []
  let bytes = 0
  for (let file = 0; file < files; file++) {
    const text = Array.from({ length: each }, () => texts.next()).join('')
    const name = `${String(file).padStart(digits, '0')}-${NAMES[kind]}`
    await writeFile(join(folder, name), texts.header + text)
    names.push(name)
    bytes += Buffer.byteLength(texts.header + text)
  }
  return { folder, names, records, bytes }
}
