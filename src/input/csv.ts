import { isUtf8 } from 'node:buffer'
import { MillraceError } from '../errors.ts'
import type { Extracted, OnBad, Problem } from './bad.ts'
import { dropRecords, lineOf, type RecordBlock } from './block.ts'
import { RowSplitter } from './csv-fields.ts'
import { FieldExtractor, type FieldName, type FieldReader } from './extract.ts'
import type { FieldPlan } from './field-options.ts'
import { JsonObjectWriter } from './json-object.ts'
import type { SayOption } from './options.ts'
import type { Piece } from './piece.ts'
import { excerpt, inputInWords } from './wording.ts'

/** Values of csv and tsv: the row as it stands, or a JSON object of strings, one for each column. */
export const csvValues = ['bytes', 'json'] as const

export type CsvValues = (typeof csvValues)[number]

export interface CsvOptions {
  readonly input: string
  readonly format: 'csv' | 'tsv'
  /** One byte. */
  readonly delimiter: number
  /** The columns' names; absent: the first row has them. */
  readonly columns: readonly string[] | undefined
  readonly values: CsvValues
  readonly plan: FieldPlan
  readonly nullValue: Buffer | undefined
  readonly onBad: OnBad
  readonly say: SayOption
}

/** Finds columns in rows. */
class RowReader implements FieldReader {
  readonly value: ((piece: Piece) => Problem | undefined) | undefined
  readonly #splitter: RowSplitter
  readonly #columns: number
  /** For each path of the plan, its column. */
  readonly #places: readonly number[]
  readonly #writer: JsonObjectWriter
  #bytes: Buffer = Buffer.alloc(0)
  #start = 0
  #end = 0
  /** Whether all of #bytes is UTF-8, so that its rows need not be looked at one by one. */
  #utf8 = false

  constructor(splitter: RowSplitter, columns: readonly string[], { plan, values }: CsvOptions) {
    this.#splitter = splitter
    this.#columns = columns.length
    this.#places = plan.paths.map(path => columns.indexOf(path))
    this.#writer = new JsonObjectWriter(columns)
    this.value = values === 'json' ? piece => this.#asJson(piece) : undefined
  }

  open(bytes: Buffer, start: number, end: number): Problem | undefined {
    const splitter = this.#splitter
    if (bytes !== this.#bytes && this.value !== undefined) this.#utf8 = isUtf8(bytes)
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    if (!splitter.split(bytes, start, end)) {
      return {
        what: `is no row: ${splitter.fault} after ${splitter.faultAt - start} bytes`,
        hint: 'Put fields with quotes, delimiters or line breaks in quotes, and write a quote inside them twice',
        at: splitter.faultAt,
      }
    }
    return splitter.count === this.#columns ? undefined : this.#wrongCount(start === end)
  }

  read(path: number, _name: FieldName, piece: Piece): undefined {
    const { starts, ends, doubled } = this.#splitter
    const column = this.#places[path]!
    if (doubled[column] === 1) piece.setOwn(this.#splitter.field(this.#bytes, column))
    else piece.setSlice(starts[column]!, ends[column]!)
    return undefined
  }

  #asJson(piece: Piece): Problem | undefined {
    if (!this.#utf8 && !isUtf8(this.#bytes.subarray(this.#start, this.#end))) {
      return {
        what: 'is not valid UTF-8, and so cannot be JSON',
        hint: 'Convert the input, with iconv for instance, or load its rows as they stand (csvValues, --csv-values bytes)',
      }
    }
    const { starts, ends, doubled } = this.#splitter
    const writer = this.#writer
    writer.begin()
    for (let index = 0; index < this.#columns; index++) {
      writer.add(this.#bytes, starts[index]!, ends[index]!, doubled[index] === 1)
    }
    piece.setOwn(writer.finish())
    return undefined
  }

  #wrongCount(blank: boolean): Problem {
    const fields = (count: number) => `${count} field${count === 1 ? '' : 's'}`
    return {
      what: blank ? 'is blank' : `has ${fields(this.#splitter.count)} for ${this.#columns} columns`,
      hint: blank
        ? 'Skip blank lines (skipBlank, --skip-blank) if they mean nothing'
        : 'See whether the delimiter and the columns are those of the input',
    }
  }
}

/** Makes messages of rows; the first row is the header, unless the columns are given. */
export class CsvExtractor {
  readonly #options: CsvOptions
  readonly #splitter: RowSplitter
  /** The columns' names, once they are known. */
  columns: readonly string[] | undefined
  #extractor: FieldExtractor | undefined

  constructor(options: CsvOptions) {
    this.#options = options
    this.#splitter = new RowSplitter(options.delimiter, options.format === 'csv')
    if (options.columns !== undefined) this.#extractor = this.#extractorOf(options.columns)
  }

  /** What the framing is to do with its bad records: one where the header should be leaves nothing to go by. */
  get onBadFrame(): OnBad {
    const { onBad } = this.#options
    if (onBad === 'stop') return onBad
    return bad => {
      if (this.#extractor === undefined) throw this.#noHeader(bad.error.message)
      onBad(bad)
    }
  }

  extract(records: RecordBlock): Extracted {
    const { onBad } = this.#options
    if (this.#extractor !== undefined || records.count === 0) {
      return (this.#extractor ?? NOTHING).extract(records, onBad)
    }
    this.#extractor = this.#extractorOf(this.#header(records))
    return this.#extractor.extract(dropRecords(records, [0]), onBad)
  }

  #extractorOf(columns: readonly string[]): FieldExtractor {
    const { plan, values, nullValue } = this.#options
    const needed = values === 'json' ? columns : plan.paths
    const twice = needed.find(name => columns.indexOf(name) !== columns.lastIndexOf(name))
    if (twice !== undefined) throw this.#noHeader(`it has two columns named ${JSON.stringify(twice)}`)
    const missing = plan.paths.find(path => !columns.includes(path))
    if (missing !== undefined) {
      const names = columns.slice(0, MAX_NAMED).join(', ')
      const more = columns.length > MAX_NAMED ? ', …' : ''
      throw this.#noHeader(`it has no column ${JSON.stringify(missing)}, but ${names}${more}`)
    }
    this.columns = columns
    return new FieldExtractor(new RowReader(this.#splitter, columns, this.#options), plan, nullValue)
  }

  #header(records: RecordBlock): string[] {
    const { bytes, ranges } = records
    const splitter = this.#splitter
    const [start = 0, end = 0] = ranges
    const line = lineOf(records, 0)
    const shown = excerpt(bytes, start, end)
    if (!splitter.split(bytes, start, end)) {
      throw this.#noHeader(`its header, line ${line}, is no row: ${splitter.fault}: ${shown}`)
    }
    if (!isUtf8(bytes.subarray(start, end))) {
      throw this.#noHeader(`its header, line ${line}, is not valid UTF-8: ${shown}`)
    }
    return Array.from({ length: splitter.count }, (_, index) => splitter.field(bytes, index).toString())
  }

  #noHeader(reason: string): MillraceError {
    const { input, format, columns, say } = this.#options
    if (columns !== undefined) {
      return new MillraceError(
        'USAGE',
        `${say('columns')} is ${JSON.stringify(columns.join(','))}: ${reason}`,
        {
          hint: 'Name each column once, and fields by columns',
          context: { columns },
        },
      )
    }
    return new MillraceError(
      'INPUT_UNREADABLE',
      `${inputInWords(input)} cannot be read as ${format}: ${reason}`,
      {
        hint: 'The first row names the columns; where it does not, name them yourself (columns, --columns)',
        context: { input, reason },
      },
    )
  }
}

const MAX_NAMED = 20

/** For blocks without records, before the header is known. */
const NOTHING = {
  extract: (records: RecordBlock): Extracted => ({
    block: { bytes: records.bytes, ranges: records.ranges, keys: undefined, count: 0, records },
    stopped: undefined,
  }),
}
