import type { Transform } from 'node:stream'
import { describe, MillraceError } from '../errors.ts'
import type { Chunk } from './source.ts'
import { brokenError } from './unreadable.ts'

/** Where data is damaged, Node keeps back up to this much before it. */
const UNPACKED_CHUNK = 64 * 1024
/** How much is handed over at a time; deflate makes of it a thousand times as much at most. */
const PIECE = 16 * 1024

/** What Node's decoders have beside a Transform. */
export type Decoder = Transform & { readonly bytesWritten: number }

/** What came of one piece. */
interface Step {
  readonly outputs: readonly Buffer[]
  readonly failure?: unknown
  /** Of the piece, what the decoder did not take since its stream had ended. */
  readonly left?: Buffer
}

/** One of Node's decoders, a piece at a time, so that nothing of what it gives is lost when it fails. */
class Decoding {
  readonly #decoder: Decoder
  #outputs: Buffer[] = []
  #handed = 0
  #failure: unknown
  #ended = false
  #wake = () => {}

  constructor(decoder: Decoder) {
    this.#decoder = decoder
    decoder.on('data', (bytes: Buffer) => {
      this.#outputs.push(bytes)
      this.#wake()
    })
    decoder.on('end', () => {
      this.#ended = true
      this.#wake()
    })
    decoder.on('error', error => {
      this.#failure ??= error
      this.#wake()
    })
  }

  /** All that comes of a piece, or of the end (undefined). Never rejects. */
  async step(piece: Buffer | undefined): Promise<Step> {
    const decoder = this.#decoder
    let isTaken = false
    if (piece === undefined) decoder.end()
    else {
      decoder.write(piece, () => {
        isTaken = true
        this.#wake()
      })
    }
    const isOver = () => this.#ended || (isTaken && decoder.readableLength === 0)
    while (this.#failure === undefined && !isOver()) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    const outputs = this.#outputs
    this.#outputs = []
    const left = piece?.subarray(decoder.bytesWritten - this.#handed)
    this.#handed += piece?.length ?? 0
    return { outputs, failure: this.#failure, left }
  }

  close(): void {
    this.#decoder.destroy()
  }
}

/**
 * What one of Node's decoders makes of the chunks, while the caller works on what came before. Of a decoder's
 * stream that ends before the chunks do only zeros may be left: they pad an archive to a block of tape.
 * `from` is the offset in all that is unpacked at which this begins.
 */
export async function* throughDecoder(
  name: string,
  packing: string,
  chunks: AsyncIterable<Chunk>,
  create: (options: { readonly chunkSize: number }) => Decoder,
  from = 0,
): AsyncGenerator<Chunk, void, undefined> {
  const decoding = new Decoding(create({ chunkSize: UNPACKED_CHUNK }))
  const source = pieces(chunks)
  let step: Promise<Step> = Promise.resolve({ outputs: [] })
  let byte = from
  let over = false
  try {
    for (let isLast = false; !isLast; ) {
      const next = await taken(source)
      const { outputs, failure, left = NOTHING } = await step
      over ||= left.length > 0
      const problem = failure ?? next.failure ?? (over ? (padding(left) ?? padding(next.piece)) : undefined)
      isLast = next.piece === undefined
      // no further than this is unpacked ahead
      step = problem === undefined && !over ? decoding.step(next.piece) : Promise.resolve({ outputs: [] })
      for (const memory of outputs) {
        yield { memory, start: 0 }
        byte += memory.length
      }
      if (problem !== undefined) throw unpackError(name, packing, byte, problem)
    }
    const { outputs, failure } = await step
    for (const memory of outputs) {
      yield { memory, start: 0 }
      byte += memory.length
    }
    if (failure !== undefined) throw unpackError(name, packing, byte, failure)
  } finally {
    decoding.close()
    await source.return()
  }
}

const NOTHING = Buffer.alloc(0)

async function* pieces(chunks: AsyncIterable<Chunk>): AsyncGenerator<Buffer, void, undefined> {
  for await (const { memory, start } of chunks) {
    for (let from = start; from < memory.length; from += PIECE) yield memory.subarray(from, from + PIECE)
  }
}

/** The next piece, undefined at the end; or why there is none. */
async function taken(
  source: AsyncGenerator<Buffer, void, undefined>,
): Promise<{ readonly piece?: Buffer; readonly failure?: unknown }> {
  try {
    const { done, value } = await source.next()
    return done === true ? {} : { piece: value }
  } catch (failure) {
    return { failure }
  }
}

function padding(bytes: Buffer | undefined): Error | undefined {
  return bytes?.some(byte => byte !== 0) ? new Error('something else follows its end') : undefined
}

/** The input's own error as it is; the decoder's in words. */
export function unpackError(name: string, packing: string, byte: number, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error
  const cutOff = error instanceof Error && 'code' in error && CUT_OFF.has(String(error.code))
  const reason = cutOff
    ? `its ${packing} stream is cut off`
    : `its ${packing} stream cannot be unpacked there: ${describe(error)}`
  const hint = 'See whether the file is whole, with its checksum or size at the source, and fetch it again'
  return brokenError({ input: name, reason, hint }, byte, error)
}

const CUT_OFF = new Set(['Z_BUF_ERROR', 'CUT_OFF'])
