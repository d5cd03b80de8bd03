import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runFixture } from './run-fixture.ts'

describe('summary reporter', () => {
  test('counts what the runner saw and names each skip with its reason', async () => {
    const { exitCode, summary } = await runFixture('outcomes')

    expect(summary.slice(0, -1).sort()).toEqual([
      'skipped: cannot begin > three — cannot begin failed before it',
      'skipped: leaves by itself — the moon is not full',
      'skipped: outer — no engine (2 tests)',
      'skipped: switched off alone — it is Tuesday',
      'skipped: switched off — no reason given',
    ])
    expect(summary.at(-1)).toBe('1 passed, 2 failed, 6 skipped')
    expect(exitCode).toBe(1)
  })

  test('a file that cannot be loaded is a failure', async () => {
    const { exitCode, summary } = await runFixture('broken')

    expect(summary).toEqual(['0 passed, 1 failed, 0 skipped'])
    expect(exitCode).toBe(1)
  })

  test('tests left out by name are told in one line', async () => {
    const { exitCode, summary } = await runFixture('outcomes', {}, ['-t', 'passes'])

    expect(summary[0]).toBe('skipped: what -t leaves out (4 tests)')
    expect(summary.at(-1)).toBe('1 passed, 0 failed, 7 skipped')
    expect(exitCode).toBe(0)
  })

  test('writes to the file that MILLRACE_SUMMARY names, and prints nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-summary-'))
    try {
      const file = join(folder, 'counts')
      const { summary } = await runFixture('broken', { MILLRACE_SUMMARY: file })

      expect(summary).toEqual([])
      expect(await readFile(file, 'utf8')).toBe('0 passed, 1 failed, 0 skipped\n')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
