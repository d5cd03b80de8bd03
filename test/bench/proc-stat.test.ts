import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readStat } from '../../src/bench/proc-stat.ts'

describe('readStat', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-stat-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const stat = (name: string, state: string) => {
    const after = `1 1 1 0 -1 4194304 100 0 0 0 150 25 7 7 20 0 5 0 98765 1 1`
    writeFileSync(join(folder, 'stat'), `77 (${name}) ${state} ${after}\n`)
    return () => readStat(folder)
  }

  test.each(['java', 'a b', ')', ') Z 1', 'line\nbreak'])('of a process called %j', name => {
    expect(stat(name, 'S')()).toEqual({ userMs: 1500, systemMs: 250, startedAt: 98765 })
  })

  test.each(['Z', 'X'])('of one in state %s throws: its times stand still', state => {
    expect(stat('java', state)).toThrow('has ended')
  })

  test.runIf(process.platform === 'linux')('of a process that ended and that nobody waited for', async () => {
    // the shell becomes one that does not wait for what it started
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      const [text] = (await once(parent.stdout, 'data')) as [Buffer]
      const path = `/proc/${String(text).trim()}`
      await expect.poll(() => readFileSync(`${path}/stat`, 'latin1'), { timeout: 10_000 }).toContain(') Z ')
      expect(() => readStat(path)).toThrow('has ended')
    } finally {
      parent.kill('SIGKILL')
      await once(parent, 'exit')
    }
  })
})
