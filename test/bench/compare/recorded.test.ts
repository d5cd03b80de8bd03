import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readRecorded } from '../../../src/bench/compare/recorded.ts'
import { MillraceError } from '../../../src/errors.ts'
import { someReport, steady } from '../reports.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-recorded-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function write(content: unknown): string {
  const path = join(folder, 'old.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

function refused(path: string): MillraceError {
  try {
    readRecorded(path)
  } catch (error) {
    expect(error).toBeInstanceOf(MillraceError)
    return error as MillraceError
  }
  throw new Error('it was taken')
}

const report = someReport({ loops: [1, 2] }, [steady(100), []])
const [cell] = report.cells

describe('readRecorded', () => {
  test('reads what bench writes', () => {
    const { cells, environment } = readRecorded(write(report))
    expect(environment).toMatchObject({ node: '20.20.2' })
    expect(cells).toHaveLength(2)
    expect(cells[0]?.settings).toMatchObject({ api: 'batch', loops: 1 })
    expect(cells[0]?.messagesPerSecond?.median).toBe(100)
    expect(cells[1]).toMatchObject({ messagesPerSecond: null, ofCeiling: null, trials: [] })
  })

  test.each<[string, unknown, string]>([
    ['no JSON', '{"schema":', 'is not JSON'],
    ['nothing', '', 'is not JSON'],
    ['another thing', '[1]', 'holds no results'],
    ['null', 'null', 'holds no results'],
    ['no schema', { cells: [] }, 'has the schema none, not "millrace.bench/1"'],
    ['another schema', { ...report, schema: 'millrace.bench/2' }, 'has the schema "millrace.bench/2"'],
    ['no cells', { ...report, cells: {} }, 'has no environment or no cells'],
    ['no environment', { ...report, environment: null }, 'has no environment or no cells'],
    ['a cell that is none', { ...report, cells: [cell, 5] }, 'has a cell 1 that is not one'],
    [
      'a median that is no number',
      { ...report, cells: [{ ...cell, messagesPerSecond: { median: 'fast', low: 1, high: 2 } }] },
      'has a cell 0',
    ],
    [
      'a rate of 0',
      { ...report, cells: [{ ...cell, messagesPerSecond: { median: 0, low: 0, high: 0 } }] },
      'has a cell 0',
    ],
    [
      'a valid trial without a rate',
      { ...report, cells: [{ ...cell, trials: [{ state: 'valid' }] }] },
      'has a cell 0',
    ],
    ['no trials', { ...report, cells: [{ ...cell, trials: undefined }] }, 'has a cell 0'],
  ])('%s', (_, content, why) => {
    const { code, message } = refused(write(content))
    expect(code).toBe('USAGE')
    expect(message).toContain(why)
    expect(message).toContain('--compare')
  })

  test('a file that is not there', () => {
    expect(refused(join(folder, 'missing.json')).code).toBe('INPUT_UNREADABLE')
  })
})
