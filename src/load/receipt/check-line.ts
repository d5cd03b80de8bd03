import { RECEIPT_SCHEMA, type ReceiptLine, resumeModes } from './lines.ts'

type Check = (value: unknown) => boolean
type Fields = Readonly<Record<string, Check>>

const text: Check = value => typeof value === 'string'
const flag: Check = value => typeof value === 'boolean'
const count: Check = value => Number.isSafeInteger(value) && (value as number) >= 0
const instant: Check = value => typeof value === 'number' && Number.isFinite(value)
const hash: Check = value => typeof value === 'string' && /^[0-9a-f]{16}$/.test(value)
const nullOr =
  (check: Check): Check =>
  value =>
    value === null || check(value)
const optional =
  (check: Check): Check =>
  value =>
    value === undefined || check(value)
const oneOf =
  (...choices: readonly unknown[]): Check =>
  value =>
    choices.includes(value)
const list =
  (check: Check): Check =>
  value =>
    Array.isArray(value) && value.every(check)
const object =
  (fields: Fields): Check =>
  value =>
    isObject(value) && Object.entries(fields).every(([name, check]) => check(value[name]))

const rising = (from: unknown, to: unknown) => count(from) && count(to) && (from as number) <= (to as number)

const range: Check = value => Array.isArray(value) && count(value[0]) && rising(value[1], value[2])
const part: Check = value =>
  range(value) || (Array.isArray(value) && count(value[0]) && count(value[1]) && value[2] === null)
const run: Check = value => Array.isArray(value) && rising(value[0], value[1])
const runs: Check = value => Array.isArray(value) && text(value[0]) && count(value[1]) && list(run)(value[2])
const topics = list(object({ topic: text, topicId: nullOr(text), partitions: count }))

/** Each kind of line by the field that only it has. */
const kinds: Readonly<Record<string, Check>> = {
  schema: object({
    loadId: text,
    createdAt: text,
    millrace: text,
    planDigest: nullOr(text),
    options: isObject,
    inputs: list(
      object({
        path: text,
        size: nullOr(count),
        mtimeMs: nullOr(instant),
        sample: text,
        compression: oneOf(null, 'gzip', 'zstd'),
      }),
    ),
    clusterId: nullOr(text),
    embedded: flag,
    topics,
    deadLetter: nullOr(text),
    openRecords: count,
  }),
  chunk: object({
    chunk: count,
    domain: count,
    after: optional(count),
    ranges: list(range),
    ends: optional(list(count)),
    read: count,
    skipped: count,
    rejected: count,
    delivered: count,
    bytes: count,
    offsets: list(runs),
    unknownOffsets: count,
    hash,
    deadLetterBytes: count,
    prefixes: optional(list(value => Array.isArray(value) && count(value[0]) && hash(value[1]))),
  }),
  part: object({ part }),
  resumed: object({
    resumed: object({ at: text, mode: oneOf(...resumeModes), millrace: text, openRecords: count }),
  }),
  topics: object({ topics }),
}

/** The line that JSON stands for; undefined: of a kind that is not known here. Throws an Error that says what is wrong. */
export function checkedLine(value: unknown): ReceiptLine | undefined {
  if (!isObject(value)) throw new Error('it is no object')
  const kind = Object.keys(kinds).find(name => name in value)
  if (kind === undefined) return undefined
  if (kind === 'schema' && value.schema !== RECEIPT_SCHEMA)
    throw new Error(
      `it is ${JSON.stringify(value.schema)}, and this version of millrace reads ${RECEIPT_SCHEMA}`,
    )
  if (!kinds[kind]?.(value))
    throw new Error(`it is no ${kind === 'schema' ? 'header' : `${kind} line`} as millrace writes them`)
  return value as unknown as ReceiptLine
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
