import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Input, writeInput } from '../../bench/load/inputs.ts'
import { trial } from '../../bench/load/trial.ts'
import { embedded } from '../../bench/support/where.ts'

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const programs = {
  words: { '@millrace': [process.execPath, '--import', tsx, main], '@other': ['sh', '-c'] },
  clients: [],
}
const RECORDS = 2000
const produce = ['@millrace', 'produce', '-b', '@brokers', '-t', '@topic', '--json']

let parent: string
let input: Input

beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), 'millrace-trial-'))
  input = await writeInput(parent, 'lines', { kind: 'lines', size: { records: RECORDS } })
})

afterAll(() => rmSync(parent, { recursive: true }))

function run(...command: string[]) {
  return trial({ input: 'lines', command }, input, { where: embedded, programs })
}

describe('one command into a topic of its own', () => {
  test('has the figures of the whole, and those of the load beside it', async () => {
    const outcome = await run(...produce, '@input')
    expect(outcome.recordsPerSecond).toBeCloseTo(RECORDS / outcome.seconds)
    expect(outcome.peakRssMegabytes).toBeNull()
    expect(outcome.load?.seconds).toBeGreaterThan(0)
    expect(outcome.load?.seconds).toBeLessThan(outcome.seconds)
    expect(outcome.load?.recordsPerSecond).toBeGreaterThan(outcome.recordsPerSecond)
  })

  test('leaves no receipt that the next one would stumble over', async () => {
    await run(...produce, '@input')
    expect(existsSync(join(input.folder, `${input.names[0]}.receipt`))).toBe(false)
  })

  test('reads standard input where the command says so', async () => {
    const piped = ['bash', '-c', 'exec "$@" < <(cat "$0")', '@input', ...produce, '-']
    await expect(run(...piped)).resolves.toMatchObject({ load: { seconds: expect.any(Number) } })
  })

  test.each([
    [
      'that sends less than there is',
      [...produce, '--limit', '1999', '@input'],
      /1999 delivered.*moved by 1999/,
    ],
    ['that sends nothing', ['@other', 'true'], /of 2000 records, the end offsets moved by 0/],
    ['that fails', [...produce, 'not-there.txt'], /exit code 4.*not-there\.txt/s],
  ])('one %s is void', async (_, command, message) => {
    await expect(run(...command)).rejects.toThrow(message)
  })
})
