import type { ChunkLine, ReceiptHeader } from '../../../src/load/receipt/format.ts'

export function header(changes: Partial<ReceiptHeader> = {}): ReceiptHeader {
  return {
    schema: 'millrace.receipt/1',
    loadId: 'load',
    createdAt: '2026-01-01T00:00:00.000Z',
    millrace: '0.1.0',
    planDigest: null,
    options: { format: 'lines' },
    inputs: [{ path: 'ä.txt', size: 1000, mtimeMs: 1.5, sample: '0123456789abcdef', compression: null }],
    clusterId: 'cluster',
    embedded: false,
    topics: [{ topic: 'events', topicId: 'id', partitions: 4 }],
    deadLetter: null,
    openRecords: 1000,
    ...changes,
  }
}

export function chunk(changes: Partial<ChunkLine> = {}): ChunkLine {
  return {
    chunk: 0,
    domain: 0,
    ranges: [[0, 0, 100]],
    read: 10,
    skipped: 1,
    rejected: 2,
    delivered: 7,
    bytes: 70,
    offsets: [['events', 0, [[5, 11]]]],
    unknownOffsets: 0,
    hash: '00000000deadbeef',
    deadLetterBytes: 0,
    ...changes,
  }
}
