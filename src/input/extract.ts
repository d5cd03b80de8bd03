import type { Header } from '../types.ts'
import { type Extracted, type OnBad, type Problem, Sieve } from './bad.ts'
import type { MessageBlock, MessageDetails, RecordBlock } from './block.ts'
import { BytesColumn } from './column.ts'
import { NotThat, partitionOf, timestampOf, topicOf } from './details.ts'
import { type FieldPlan, hasDetails } from './field-options.ts'
import { Piece } from './piece.ts'

/** Finds fields in the records of one format. */
export interface FieldReader {
  /**
   * Looks at a whole block before any of its records is opened. Where each is good, and each field a piece of the
   * block's bytes or null: their ranges, by path, of which the caller may keep what it likes.
   */
  readonly begin?: ((records: RecordBlock) => readonly Uint32Array[] | undefined) | undefined
  /** Checks the record `bytes[start, end)`, which is that of this index; what is wrong with it, or undefined. */
  open(bytes: Buffer, start: number, end: number, index: number): Problem | undefined
  /**
   * Puts the field at `path` (an index of the plan's paths) of the record that is open into `piece`; what is
   * wrong with it, or undefined. `name` is what it is wanted for, for people.
   */
  read(path: number, name: FieldName, piece: Piece): Problem | undefined
  /** Puts what is the value without a value field into `piece`. Absent: that is the record as it stands. */
  readonly value?: ((piece: Piece) => Problem | undefined) | undefined
}

export type FieldName = 'key' | 'value' | 'timestamp' | 'topic' | 'partition' | 'header'

/** Makes messages of the records of one format by their fields. */
export class FieldExtractor {
  readonly #reader: FieldReader
  readonly #plan: FieldPlan
  readonly #nullValue: Buffer | undefined
  readonly #wantsDetails: boolean
  readonly #key = new Piece()
  readonly #value = new Piece()
  readonly #other = new Piece()
  #details: MessageDetails = {}

  /** A value that is equal to `nullValue` is null. */
  constructor(reader: FieldReader, plan: FieldPlan, nullValue: Buffer | undefined) {
    this.#reader = reader
    this.#plan = plan
    this.#nullValue = nullValue
    this.#wantsDetails = hasDetails(plan)
  }

  extract(records: RecordBlock, onBad: OnBad): Extracted {
    const { bytes, ranges, count } = records
    const fields = this.#reader.begin?.(records)
    if (fields !== undefined && !this.#wantsDetails && this.#nullValue === undefined) {
      return { block: this.#asFound(records, fields), stopped: undefined }
    }
    const ownValues =
      this.#plan.value !== undefined || this.#reader.value !== undefined || this.#nullValue !== undefined
    const sieve = new Sieve(records, onBad)
    const keys = this.#plan.key === undefined ? undefined : new BytesColumn(bytes, count)
    const values = ownValues ? new BytesColumn(bytes, count) : undefined
    const details: MessageDetails[] | undefined = this.#wantsDetails ? [] : undefined
    for (let index = 0; index < count; index++) {
      const problem = this.#look(bytes, ranges[2 * index]!, ranges[2 * index + 1]!, index)
      if (problem === undefined) {
        if (keys !== undefined) this.#key.addTo(keys)
        if (values !== undefined) this.#value.addTo(values)
        details?.push(this.#details)
      } else if (!sieve.reject(index, problem)) break
    }
    const left = sieve.records()
    const block = {
      ...(values?.finish() ?? { bytes, ranges: left.ranges }),
      keys: keys?.finish(),
      details,
      count: left.count,
      records: left,
    }
    return { block, stopped: sieve.stopped }
  }

  /** Messages of a block that needs no look at its records, one by one. */
  #asFound(records: RecordBlock, fields: readonly Uint32Array[]): MessageBlock {
    const { bytes, ranges, count } = records
    const { key, value } = this.#plan
    return {
      bytes,
      ranges: value === undefined ? ranges : fields[value]!,
      keys: key === undefined ? undefined : { bytes, ranges: fields[key]! },
      details: undefined,
      count,
      records,
    }
  }

  /** Reads all that is wanted of one record before any of it is taken. */
  #look(bytes: Buffer, start: number, end: number, index: number): Problem | undefined {
    const reader = this.#reader
    const { key } = this.#plan
    return (
      reader.open(bytes, start, end, index) ??
      (key === undefined ? undefined : reader.read(key, 'key', this.#key)) ??
      this.#lookAtValue(bytes, start, end) ??
      (this.#wantsDetails ? this.#lookAtDetails(bytes) : undefined)
    )
  }

  #lookAtValue(bytes: Buffer, start: number, end: number): Problem | undefined {
    const piece = this.#value
    const { value } = this.#plan
    const reader = this.#reader
    let problem: Problem | undefined
    if (value !== undefined) problem = reader.read(value, 'value', piece)
    else if (reader.value !== undefined) problem = reader.value(piece)
    else piece.setSlice(start, end)
    if (problem === undefined && this.#nullValue !== undefined && piece.equals(bytes, this.#nullValue)) {
      piece.setOwn(null)
    }
    return problem
  }

  #lookAtDetails(bytes: Buffer): Problem | undefined {
    const { timestamp, topic, partition, headers } = this.#plan
    const found: { -readonly [name in keyof MessageDetails]: MessageDetails[name] } = {}
    const problem =
      this.#detail(bytes, timestamp, 'timestamp', text => {
        found.timestamp = timestampOf(text)
      }) ??
      this.#detail(bytes, topic, 'topic', text => {
        found.topic = topicOf(text)
      }) ??
      this.#detail(bytes, partition, 'partition', text => {
        found.partition = partitionOf(text)
      })
    if (problem !== undefined) return problem
    if (headers.length > 0) {
      const list: Header[] = []
      for (const [name, path] of headers) {
        const fault = this.#detail(bytes, path, 'header', text => list.push([name, text] as const))
        if (fault !== undefined) return fault
      }
      found.headers = list
    }
    this.#details = found
    return undefined
  }

  #detail(
    bytes: Buffer,
    path: number | undefined,
    name: FieldName,
    take: (text: Buffer | null) => void,
  ): Problem | undefined {
    if (path === undefined) return undefined
    const problem = this.#reader.read(path, name, this.#other)
    if (problem !== undefined) return problem
    try {
      take(this.#other.bytes(bytes))
      return undefined
    } catch (error) {
      if (!(error instanceof NotThat)) throw error
      return {
        what: `has a field ${this.#plan.paths[path]} that is no ${name}: ${error.message}`,
        hint: 'Correct the record or name another field',
      }
    }
  }
}
