import { setTimeout as sleep } from 'node:timers/promises'
import type { Chunk, Input } from '../../input/index.ts'

const LF = 0x0a
const GZIP = Buffer.from([0x1f, 0x8b])
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/** An input whose beginning was looked at, and which gives it out all the same. */
export interface Peeked {
  /** To be read instead of the one that was given. */
  readonly input: Input
  /** What came first, up to the end of a line; undefined where no line came in time. */
  readonly head: Input | undefined
}

/** Waits for the first bytes of a stream, at most `timeoutMs`. Never rejects: who reads the stream hears what is wrong. */
export async function peek(input: Input, timeoutMs: number): Promise<Peeked> {
  const chunks = input.chunks()[Symbol.asyncIterator]()
  const first = chunks.next()
  const came = await Promise.race([first.catch(() => undefined), sleep(timeoutMs, undefined, { ref: false })])
  return {
    input: { ...input, chunks: () => again(first, chunks) },
    head:
      came === undefined || came.done === true
        ? undefined
        : headOf(input, came.value.memory.subarray(came.value.start)),
  }
}

/** The records that carry timestamps or topics end with LF in all formats. What is packed breaks off where it is cut. */
function headOf({ name }: Input, bytes: Buffer): Input | undefined {
  const end = isPacked(bytes) ? bytes.length : bytes.lastIndexOf(LF) + 1
  if (end === 0) return undefined
  // whoever reads a chunk may write before it, and hold it
  const memory = Buffer.from(bytes.subarray(0, end))
  return {
    name,
    size: null,
    async *chunks() {
      yield { memory, start: 0 }
    },
  }
}

function isPacked(bytes: Buffer): boolean {
  return [GZIP, ZSTD].some(magic => bytes.subarray(0, magic.length).equals(magic))
}

async function* again(
  first: Promise<IteratorResult<Chunk>>,
  rest: AsyncIterator<Chunk>,
): AsyncGenerator<Chunk, void, undefined> {
  for (let next = await first; next.done !== true; next = await rest.next()) yield next.value
}
