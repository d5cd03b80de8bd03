import { readFileSync } from 'node:fs'
import { describe, MillraceError } from '../../errors.ts'
import type { BenchReport } from '../report.ts'

const SCHEMA: BenchReport['schema'] = 'millrace.bench/1'

/** What an earlier run wrote; of its fields those that a comparison needs were checked. */
export interface Recorded {
  readonly path: string
  readonly environment: Readonly<Record<string, unknown>>
  readonly cells: readonly RecordedCell[]
}

export interface RecordedCell {
  /** Its settings, by the names that cells have. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly messagesPerSecond: RecordedSummary | null
  readonly ofCeiling: RecordedSummary | null
  readonly trials: readonly { readonly state: string; readonly messagesPerSecond?: number | undefined }[]
}

export interface RecordedSummary {
  readonly median: number
  readonly low: number
  readonly high: number
  /** `order-statistic`: low to high holds the median with 95 %. */
  readonly method?: string | undefined
}

/**
 * Reads the results of an earlier run.
 * @throws MillraceError INPUT_UNREADABLE where there is no such file; USAGE where it holds something else
 */
export function readRecorded(path: string): Recorded {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new MillraceError('INPUT_UNREADABLE', `--compare ${path} cannot be read: ${describe(cause)}`, {
      cause,
    })
  }
  let report: unknown
  try {
    report = JSON.parse(text)
  } catch (cause) {
    throw refusal(path, 'is not JSON', cause)
  }
  return recordedOf(path, report)
}

function recordedOf(path: string, report: unknown): Recorded {
  if (!isObject(report)) throw refusal(path, 'holds no results of millrace bench')
  if (report.schema !== SCHEMA) {
    const schema = report.schema === undefined ? 'none' : JSON.stringify(report.schema)
    throw refusal(path, `has the schema ${schema}, not ${JSON.stringify(SCHEMA)}`)
  }
  const { environment, cells } = report
  if (!isObject(environment) || !Array.isArray(cells)) throw refusal(path, 'has no environment or no cells')
  return {
    path,
    environment,
    cells: cells.map((cell: unknown, index) => {
      const found = cellOf(cell)
      if (found === undefined) throw refusal(path, `has a cell ${index} that is not one`)
      return found
    }),
  }
}

function cellOf(cell: unknown): RecordedCell | undefined {
  if (!isObject(cell)) return undefined
  const { messagesPerSecond, ofCeiling, trials, ...settings } = cell
  if (!isSummary(messagesPerSecond) || !isSummary(ofCeiling ?? null)) return undefined
  if (!Array.isArray(trials) || !trials.every(isTrial)) return undefined
  return {
    settings,
    messagesPerSecond,
    ofCeiling: (ofCeiling as RecordedSummary | null | undefined) ?? null,
    trials,
  }
}

function isSummary(value: unknown): value is RecordedSummary | null {
  if (value === null) return true
  return isObject(value) && [value.median, value.low, value.high].every(part => isPositive(part))
}

function isTrial(value: unknown): value is RecordedCell['trials'][number] {
  if (!isObject(value) || typeof value.state !== 'string') return false
  return value.state !== 'valid' || isPositive(value.messagesPerSecond)
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refusal(path: string, why: string, cause?: unknown): MillraceError {
  return new MillraceError('USAGE', `--compare ${path} ${why}`, {
    cause,
    hint: 'Give a file that millrace bench --output of this version wrote',
    context: { option: 'compare', path },
  })
}
