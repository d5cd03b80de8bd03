import { writeFileSync } from 'node:fs'
import type { BatchResult, Delivery, Message, Producer } from '../../src/index.ts'
import {
  type ChunkLine,
  lineWriter,
  type ReceiptHeader,
  type ReceiptLine,
} from '../../src/load/receipt/format.ts'
import { hashText, recordHasher } from '../../src/load/record-hash.ts'

export function header(fields: Partial<ReceiptHeader> = {}): ReceiptHeader {
  return {
    schema: 'millrace.receipt/1',
    loadId: 'a-load',
    createdAt: '2026-11-22T12:00:00.000Z',
    millrace: '0.1.0',
    planDigest: null,
    options: {},
    inputs: [{ path: 'data.txt', size: null, mtimeMs: null, sample: '', compression: null }],
    clusterId: null,
    embedded: true,
    topics: [],
    deadLetter: null,
    openRecords: 1000,
    ...fields,
  }
}

export function chunkLine(fields: Partial<ChunkLine> & { readonly chunk: number }): ChunkLine {
  return {
    domain: 0,
    after: fields.chunk === 0 ? undefined : fields.chunk - 1,
    ranges: [[0, 100 * fields.chunk, 100 * (fields.chunk + 1)]],
    read: fields.delivered ?? 0,
    skipped: 0,
    rejected: 0,
    delivered: 0,
    bytes: 0,
    offsets: [],
    unknownOffsets: 0,
    hash: '0'.repeat(16),
    deadLetterBytes: 0,
    ...fields,
  }
}

/** Sends messages as chunks of so many, and says what a load's receipt would. */
export async function loadChunks(
  producer: Producer,
  messages: readonly Message[],
  chunkRecords: number,
): Promise<ChunkLine[]> {
  const chunks: ChunkLine[] = []
  for (let from = 0; from < messages.length; from += chunkRecords) {
    const slice = messages.slice(from, from + chunkRecords)
    chunks.push(await chunkOf(chunks.length, slice, await producer.sendBatch(slice, { detail: 'all' })))
  }
  return chunks
}

/** What a receipt says of messages that were all delivered. */
export async function chunkOf(
  chunk: number,
  messages: readonly Message[],
  sent: Pick<BatchResult, 'delivery'>,
): Promise<ChunkLine> {
  const hasher = await recordHasher()
  return chunkLine({
    chunk,
    delivered: messages.length,
    offsets: runsOf(messages.map((_, index) => sent.delivery(index) as Delivery)),
    hash: hashText(hasher.sum(messages, 0, messages.length)),
  })
}

function runsOf(deliveries: readonly Delivery[]): ChunkLine['offsets'] {
  const partitions = new Map<string, { topic: string; partition: number; offsets: number[] }>()
  for (const { topic, partition, offset } of deliveries) {
    const name = `${topic} ${partition}`
    const known = partitions.get(name) ?? { topic, partition, offsets: [] }
    partitions.set(name, known)
    known.offsets.push(offset as number)
  }
  return [...partitions.values()].map(({ topic, partition, offsets }) => {
    const runs: [number, number][] = []
    for (const offset of offsets.sort((a, b) => a - b)) {
      const last = runs.at(-1)
      if (last?.[1] === offset - 1) last[1] = offset
      else runs.push([offset, offset])
    }
    return [topic, partition, runs]
  })
}

export async function receiptBytes(lines: readonly ReceiptLine[]): Promise<Buffer> {
  const write = await lineWriter()
  return Buffer.concat(lines.map(write))
}

export async function writeReceipt(path: string, lines: readonly ReceiptLine[]): Promise<string> {
  writeFileSync(path, await receiptBytes(lines))
  return path
}
