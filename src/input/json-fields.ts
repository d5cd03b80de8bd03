import { type Binding, loadAddon } from '../engine/binding.ts'
import type { RecordBlock } from './block.ts'
import type { FieldPlan } from './field-options.ts'

/** Of json_scan.h: the kinds of fields, and what stands in place of a start where the record is left to JavaScript. */
const TEXT = 0
const AS_IT_STANDS = 1
const RECORD = 2
export const LOOK = 0xffff_fffe

/** What was found in a block. */
export interface BlockFields {
  /** By path and record, start and end of a piece of the block's bytes; NO_BYTES twice for null, LOOK twice: see there. */
  readonly ranges: readonly Uint32Array[]
  /** How many records are left to JavaScript. */
  readonly left: number
}

/**
 * Finds the fields of a whole block of records in the addon, where they are plain: each piece is just the one that
 * JsonReader would find. All else, faults among it, it leaves to JavaScript, record by record.
 */
export class BlockFinder {
  readonly #binding: Binding
  readonly #paths: Buffer
  readonly #fields: Uint32Array

  private constructor(binding: Binding, { paths, ...plan }: FieldPlan) {
    this.#binding = binding
    const texts = paths.map(path => Buffer.from(path))
    this.#paths = Buffer.concat(texts)
    this.#fields = Uint32Array.from(
      texts.length === 0
        ? [RECORD, 0]
        : texts.flatMap(({ length }, path) => [isValueOnly(path, plan) ? AS_IT_STANDS : TEXT, length]),
    )
  }

  /** Undefined where there is no addon. */
  static of(plan: FieldPlan): BlockFinder | undefined {
    let binding: Binding
    try {
      binding = loadAddon().binding
    } catch {
      return undefined
    }
    return new BlockFinder(binding, plan)
  }

  find({ bytes, ranges, count }: RecordBlock): BlockFields {
    const fields = this.#fields
    const found = new Uint32Array(fields.length * count)
    const left = this.#binding.findJsonFields(bytes, ranges, count, fields, this.#paths, found)
    const rangesOf = (path: number) => found.subarray(2 * count * path, 2 * count * (path + 1))
    return { ranges: Array.from({ length: fields.length / 2 }, (_, path) => rangesOf(path)), left }
  }
}

/** Any other use of a path wants text, which fewer values are without more ado. */
function isValueOnly(
  path: number,
  { key, value, timestamp, topic, partition, headers }: Omit<FieldPlan, 'paths'>,
): boolean {
  const others = [key, timestamp, topic, partition, ...headers.map(([, header]) => header)]
  return path === value && !others.includes(path)
}
