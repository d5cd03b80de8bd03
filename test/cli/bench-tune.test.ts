import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AnalysedReport } from '../../src/bench/analysis.ts'
import { millrace, start } from './harness.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-tune-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const brief = ['--duration', '0.2', '--warmup', '0.1', '--repeat', '1']

const single: Readonly<Record<string, readonly string[]>> = {
  producers: ['--producers', '1'],
  threads: ['--threads', '1'],
  loops: ['--loops', '1'],
  outstanding: ['--outstanding', '10000'],
  linger: ['-X', 'linger.ms=1'],
  batch: ['-X', 'batch.size=100000'],
  inFlight: ['-X', 'max.in.flight=5'],
}

/** Options that leave one thing to be searched. */
function all(but?: string): string[] {
  return Object.entries(single).flatMap(([name, option]) => (name === but ? [] : option))
}

describe('millrace bench --tune', () => {
  // each trial starts processes
  test('throughput: says how many trials, searches, and tells what it measured', async () => {
    const output = join(folder, 'tuned.json')
    const args = ['bench', '--tune', 'throughput', ...all('linger'), ...brief, '--output', output]
    const { exit, stdout, stderr } = await millrace(args)
    const { tune, cells, missingTrials } = JSON.parse(readFileSync(output, 'utf8')) as AnalysedReport

    expect(stderr).toMatch(/^Searches linger\.ms 5 0 25 100\.$/m)
    expect(stderr).toMatch(/^At most 11 trials for that, and 2 fresh ones for what is found: at most about /m)
    expect(stderr).toMatch(/^\[1, at most 11\] .*: [\d,]+ msg\/s$/m)
    expect(stderr).toContain('one fresh pair cannot bear out what is found: --repeat 6 is the least that can')
    expect(exit).toBe(0)
    expect(tune?.search).toMatchObject({ done: true, rates: null })
    expect(tune?.search.steps.map(({ name }) => name)).toEqual(['linger.ms'])
    expect(missingTrials).toBe(0)
    expect(stderr).toContain(tune?.conclusion)
    // whatever the machine did, one pair bears nothing out
    expect(tune?.confirmed).toBe(false)
    if (tune?.winner['linger.ms'] === 5) expect([cells, stdout]).toEqual([[], ''])
    else {
      expect(cells.map(({ variant }) => variant)).toEqual(['start', 'winner'])
      expect(stdout).toContain(`#linger.ms=${tune?.winner['linger.ms']}\n`)
    }
  }, 300_000)

  test('latency: rates in open loop, as JSON', async () => {
    const args = [
      'bench',
      '--tune',
      'latency:200',
      ...all('producers'),
      '--producers',
      '1,2',
      '--json',
      ...brief,
    ]
    const { exit, stdout, stderr } = await millrace(args)
    const { tune, cells } = JSON.parse(stdout) as AnalysedReport
    expect(stderr).toMatch(/^\[2, at most 24\] start: [\d,]+ a second: /m)
    expect(tune?.goal).toEqual({ kind: 'latency', p99Ms: 200 })
    expect(tune?.search.trials[0]).toMatchObject({ rate: 'max', state: 'valid' })
    expect(tune?.search.trials.slice(1).every(({ rate }) => typeof rate === 'number')).toBe(true)
    expect(tune?.search.rates?.start).toBeGreaterThan(0)
    for (const { rate } of cells) expect(rate).toBe(tune?.confirmation?.rate)
    expect(exit).toBe(0)
  }, 300_000)

  test('where nothing can be measured it says why, with exit code 3', async () => {
    const args = ['bench', '--tune', 'throughput', ...all('producers'), '--producers', '1,2', ...brief]
    const { exit, stdout, stderr } = await millrace([
      ...args,
      '--message-size',
      '2000',
      '-X',
      'queue.buffering.max.kbytes=1',
    ])
    expect(stderr).toMatch(/^Nothing could be measured: \d+ of \d+ messages were not delivered/m)
    expect(stdout).toBe('')
    expect(exit).toBe(3)
  }, 120_000)

  test('Ctrl-C keeps what was measured, and says what it is worth', async () => {
    const output = join(folder, 'interrupted.json')
    const running = start(['bench', '--tune', 'throughput', ...brief, '--output', output])
    await running.tells('[2, at most')
    running.signal('SIGINT')
    expect(await running.exit).toBe(130)
    const { tune, error } = JSON.parse(readFileSync(output, 'utf8')) as AnalysedReport
    expect(tune?.search.done).toBe(false)
    expect(tune?.search.trials.length).toBeGreaterThanOrEqual(2)
    expect(error?.code).toBe('ABORTED')
    expect(running.stderr.text).toMatch(/The search was cut short after \d+ trials; .*\nmillrace: SIGINT\n$/)
  })

  test.each<[string[], string]>([
    [['--tune', 'speed'], '--tune is "speed"'],
    [['--tune', 'latency'], '--tune is "latency"'],
    [['--tune', 'latency:0'], '--tune is "latency:0"'],
    [['--tune', 'latency:-5'], '--tune is "latency:-5"'],
    [['--tune', 'latency:1e9'], '--tune is "latency:1e9"'],
    [['--tune', 'throughput', '--tune', 'throughput'], '--tune was given 2 times'],
    [['--tune', 'throughput', '--rate', '5'], '--rate does not go with --tune'],
    [['--tune', 'throughput', '--ceiling'], '--ceiling does not go with --tune'],
    [['--tune', 'throughput', '--stages'], '--stages does not go with --tune'],
    [['--tune', 'throughput', '--transactional-id', 'a'], '--transactional-id does not go with --tune'],
    [['--tune', 'throughput', '--transaction-duration', '1'], '--transactional-id does not go with --tune'],
    [['--tune', 'throughput', '--format', 'csv'], '--format does not go with --tune'],
    [['--tune', 'throughput', '--message-size', '10,100'], '--tune is for one messageSize, not for 2'],
    [['--tune', 'throughput', ...all()], '--tune has nothing to search'],
  ])('%j: said before anything is measured', async (args, told) => {
    const { exit, stderr } = await millrace(['bench', ...args])
    expect(stderr).toContain(told)
    expect(stderr).not.toContain('[1')
    expect(exit).toBe(2)
  })
})
