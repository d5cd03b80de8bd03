// What the lines of a receipt say. A receipt is a text file that is only appended to; see format.ts for how a line
// is written. Readers pass over kinds of lines, and fields, that they do not know.

export const RECEIPT_SCHEMA = 'millrace.receipt/1'

/** Record-aligned byte positions of an input once it is unpacked: `to` is exclusive, `input` indexes the header's. */
export type InputRange = readonly [input: number, from: number, to: number]

/** Offsets of one partition, as runs: both ends of a run belong to it. */
export type OffsetRuns = readonly [
  topic: string,
  partition: number,
  runs: readonly (readonly [first: number, last: number])[],
]

export interface ReceiptInput {
  /** As it was given; `-` is standard input. */
  readonly path: string
  /** In bytes as it stands, packed; null for what has no known end. */
  readonly size: number | null
  readonly mtimeMs: number | null
  /** A hash of its size and of pieces of its content; empty for what cannot be read twice. */
  readonly sample: string
  readonly compression: 'gzip' | 'zstd' | null
}

export interface ReceiptTopic {
  readonly topic: string
  /** Null where the cluster did not tell. */
  readonly topicId: string | null
  readonly partitions: number
}

/** The options that decide which messages an input makes. */
export type RecordOptions = Readonly<Record<string, string | number | boolean | readonly string[]>>

/** The first line, there before anything is sent. */
export interface ReceiptHeader {
  readonly schema: typeof RECEIPT_SCHEMA
  readonly loadId: string
  /** ISO 8601. */
  readonly createdAt: string
  /** Version of millrace. */
  readonly millrace: string
  /** Of the plan that the load is a shard of; null: of none. */
  readonly planDigest: string | null
  readonly options: RecordOptions
  readonly inputs: readonly ReceiptInput[]
  /** Null where it was not told. */
  readonly clusterId: string | null
  readonly embedded: boolean
  readonly topics: readonly ReceiptTopic[]
  /** The file of dead letters. */
  readonly deadLetter: string | null
  /** Records that may be on their way, or not be written down here yet, at most. */
  readonly openRecords: number
}

/** Records of which every one has ended: delivered, or rejected and in the dead letters. */
export interface ChunkLine {
  /** Its number in this receipt: no two chunks have the same. */
  readonly chunk: number
  /** The order domain: what one thread of one run read, in the order of its chunks. */
  readonly domain: number
  /**
   * The chunk that precedes it in its domain; absent: it is the first. Where that one has no line, not all before
   * this chunk was delivered.
   */
  readonly after?: number | undefined
  readonly ranges: readonly InputRange[]
  /** Inputs that end where the chunk's range of them does. */
  readonly ends?: readonly number[] | undefined
  /** read = skipped + rejected + delivered */
  readonly read: number
  readonly skipped: number
  readonly rejected: number
  readonly delivered: number
  /** Of the delivered records, key and value. */
  readonly bytes: number
  readonly offsets: readonly OffsetRuns[]
  /** Delivered ones of which the broker told no offset. */
  readonly unknownOffsets: number
  /** Of the delivered records, whatever their order: see record-hash. 16 hex digits. */
  readonly hash: string
  /** Length of the file of dead letters, those of this chunk included. */
  readonly deadLetterBytes: number
  /** For inputs that cannot be read from a position: the hash of all that stands before the chunk's end there. */
  readonly prefixes?: readonly (readonly [input: number, hash: string])[] | undefined
}

/** A part of a file that one thread reads from its beginning to its end; not told of inputs that are read in whole. */
export interface PartLine {
  readonly part: InputRange | readonly [input: number, from: number, to: null]
}

/** Topics met after the load had begun. */
export interface TopicsLine {
  readonly topics: readonly ReceiptTopic[]
}

/**
 * `ordered`: whatever comes after what is missing in its domain is sent again, too. `gaps`: only what is missing is
 * sent, and the order is not kept.
 */
export const resumeModes = ['ordered', 'gaps'] as const

export type ResumeMode = (typeof resumeModes)[number]

/** From here on another run goes on with the load. Chunks before it that its mode does not count are void. */
export interface ResumedLine {
  readonly resumed: {
    /** ISO 8601. */
    readonly at: string
    readonly mode: ResumeMode
    /** Version of millrace. */
    readonly millrace: string
    readonly openRecords: number
  }
}

export type ReceiptLine = ReceiptHeader | ChunkLine | PartLine | TopicsLine | ResumedLine

export const isHeader = (line: ReceiptLine): line is ReceiptHeader => 'schema' in line
export const isChunk = (line: ReceiptLine): line is ChunkLine => 'chunk' in line
export const isPart = (line: ReceiptLine): line is PartLine => 'part' in line
export const isResumed = (line: ReceiptLine): line is ResumedLine => 'resumed' in line
export const isTopics = (line: ReceiptLine): line is TopicsLine => 'topics' in line && !('schema' in line)
