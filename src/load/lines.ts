import type { MillraceError } from '../errors.ts'
import { type BadRecord, type Input, inWhole } from '../input/index.ts'

/** Counting more bytes than this would hold a load up for long: a part of a file that begins behind them goes without. */
const MOST_COUNTED = 1024 * 1024 * 1024

/** What stands before an input: nothing, unless it is a part of a file, in which lines are counted from its beginning. */
export class Lines {
  readonly #input: Input | undefined
  #before: Promise<number | null> | undefined

  constructor(input: Input | undefined) {
    this.#input = input
  }

  /** How many lines stand before it; null where that is not known. Reads them, once. Never rejects. */
  before(mostBytes = MOST_COUNTED): Promise<number | null> {
    this.#before ??= this.#count(mostBytes)
    return this.#before
  }

  /** The line of a record, and its error in the words of the whole input. */
  ofBad({ line, error }: BadRecord, before: number | null): { line: number | null; error: MillraceError } {
    if (before === 0) return { line, error }
    return { line: before === null ? null : before + line, error: inWhole(error, before) }
  }

  async inWhole(error: MillraceError): Promise<MillraceError> {
    const { start = 0, linesBefore } = this.#input ?? {}
    if (start === 0 || linesBefore === undefined) return error
    return inWhole(error, await this.before(Number.POSITIVE_INFINITY))
  }

  async #count(mostBytes: number): Promise<number | null> {
    const { start = 0, linesBefore } = this.#input ?? {}
    if (start === 0 || linesBefore === undefined) return 0
    if (start > mostBytes) return null
    return linesBefore().catch(() => null)
  }
}
