import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AnalysedReport } from '../../src/bench/analysis.ts'
import type { BenchReport } from '../../src/bench/report.ts'
import type { Io } from '../../src/cli/command.ts'
import { run } from '../../src/cli/run.ts'
import { Producer } from '../../src/index.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'
import { canDraw, withCharts } from '../support/report-libraries.ts'
import { start } from './harness.ts'

interface Session {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command line; `onLine` hears of standard error as it comes, and may interrupt. */
async function millrace(
  args: readonly string[],
  onText: (text: string, interrupt: (signal: 'SIGINT' | 'SIGTERM') => void) => void = () => {},
  env: NodeJS.ProcessEnv = {},
): Promise<Session> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }
  const texts = { stdout: '', stderr: '' }
  const listeners = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    streams[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
      if (name === 'stderr') {
        onText(text, signal => {
          for (const listener of listeners) listener(signal)
        })
      }
    })
  }
  const io: Io = {
    ...streams,
    env,
    onSignal(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const exitCode = await run(['bench', ...args], io)
  await new Promise(resolve => setImmediate(resolve))
  expect(listeners.size).toBe(0)
  return { exitCode, ...texts }
}

const FIGURES = {
  offered: 1,
  delivered: 1,
  failed: 0,
  possiblyPersisted: 0,
  seconds: 1,
  messagesPerSecond: 1e9,
  megabytesPerSecond: 1e5,
  latencyMs: null,
  cpuSeconds: { user: 1, system: 0 },
  gcMs: 0,
  eventLoopDelayMs: { p50: 0, p99: 0 },
  peakRssBytes: 1e8,
}

/** The processes that this one has started, by a word of their command lines. */
function childrenRunning(word: string): number[] {
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  return pids.map(Number).filter(pid => {
    try {
      const [, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
      return parent === String(process.pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word)
    } catch {
      // it has ended
      return false
    }
  })
}

/** A folder with what another version's trial process would be: it speaks the protocol, and measures nothing. */
function installOther(
  path: string,
  answer = JSON.stringify({ result: { figures: FIGURES, faults: [], partitions: 4, warnings: [] } }),
): void {
  mkdirSync(join(path, 'dist', 'bench'), { recursive: true })
  writeFileSync(join(path, 'package.json'), '{"name":"millrace","version":"0.0.1","type":"module"}')
  const entry = `process.once('message', () => process.send(${answer}, () => process.exit(0)))`
  writeFileSync(join(path, 'dist', 'bench', 'trial-process.js'), entry)
}

const short = ['--duration', '0.2', '--warmup', '0.1']

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('millrace bench', () => {
  test('measures a grid against an embedded cluster, as JSON', async () => {
    const args = [
      '--api',
      'send,framed',
      '--batch',
      '10,500',
      '--outstanding',
      '100',
      '--repeat',
      '2',
      '--json',
      ...short,
    ]
    const { exitCode, stdout, stderr } = await millrace(args, undefined, { MILLRACE_BROKERS: 'nowhere:1' })

    expect(stderr).toMatch(/^Against an embedded cluster, which is not Kafka/)
    expect(stderr).toMatch(/\n4 trials, about [\d.]+ s\. Ctrl-C keeps what was measured\.\n/)
    expect(stderr).toMatch(/\[4\/4\] (send|framed, batch 10): [\d,]+ msg\/s\n/)
    const report = JSON.parse(stdout) as BenchReport
    expect(report).toMatchObject({
      schema: 'millrace.bench/1',
      environment: {
        embedded: true,
        brokers: null,
        node: process.versions.node,
        librdkafka: expect.any(String),
      },
      missingTrials: 0,
      error: null,
      exitCode: 0,
    })
    expect(exitCode).toBe(0)
    const [send, framed, large] = report.cells
    expect(report.cells).toHaveLength(3)
    expect(send).toMatchObject({
      engine: 'batch',
      api: 'send',
      batch: null,
      loops: 1,
      partitions: 4,
      ofCeiling: null,
    })
    expect(framed).toMatchObject({ api: 'framed', batch: 10, notApplicable: null })
    expect(large).toMatchObject({
      batch: 500,
      notApplicable: 'a batch of 500 does not fit into 100 outstanding',
      trials: [],
      messagesPerSecond: null,
    })
    for (const cell of [send, framed]) {
      expect(cell?.trials.map(({ state, why }) => [state, why])).toEqual(Array(2).fill(['valid', null]))
      for (const trial of cell?.trials ?? []) expect(trial.delivered).toBe(trial.offered)
      const rates = cell?.trials.map(trial => trial.messagesPerSecond as number) ?? []
      const expected = { low: Math.min(...rates), high: Math.max(...rates), method: 'range' }
      expect(cell?.messagesPerSecond).toMatchObject(expected)
    }
  })

  test('a plain run has the ceiling, the engine with one loop and with four, and the other engine', async () => {
    const { exitCode, stdout, stderr } = await millrace(['--repeat', '2', ...short])
    const rows = stdout.split('\n').slice(2, 7)
    expect(rows.map(row => row.split(/ +/).slice(0, 3).join(' '))).toEqual([
      'engine api loops',
      'ceiling - 1',
      'batch batch 1',
      'batch batch 4',
      'callback batch 1',
    ])
    expect(rows[0]).toMatch(/ of ceiling +low +high +trials$/)
    expect(rows[1]).toMatch(/ - +- +- +2 valid$/)
    for (const row of rows.slice(2)) expect(row).toMatch(/ \d\.\d\d +\d\.\d\d +\d\.\d\d +2 valid$/)
    expect(stderr).toMatch(/\[\d\/8\] ceiling: [\d,]+ msg\/s\n/)
    expect(stderr).toMatch(
      /, \d+ % of the ceiling\.\nTo measure your cluster: millrace bench -b host:9092\n$/,
    )
    expect(exitCode).toBe(0)
  })

  test('a plain run ends within a minute', async () => {
    let seconds = Number.NaN
    await millrace([], (text, interrupt) => {
      seconds = Number(/12 trials, about ([\d.]+) s\./.exec(text)?.[1] ?? seconds)
      if (text.includes('trials, about')) setImmediate(() => interrupt('SIGINT'))
    })
    expect(seconds).toBeLessThan(60)
  })

  test('--ceiling stands beside every configuration, as JSON', async () => {
    const args = [
      '--ceiling',
      '--api',
      'framed',
      '--message-size',
      '10,100',
      '--repeat',
      '1',
      '--json',
      ...short,
    ]
    const { exitCode, stdout } = await millrace(args)
    const { cells } = JSON.parse(stdout) as BenchReport
    expect(exitCode).toBe(0)
    expect(cells.map(({ engine, api, batch, messageSize }) => [engine, api, batch, messageSize])).toEqual([
      ['ceiling', null, null, 10],
      ['batch', 'framed', 1000, 10],
      ['ceiling', null, null, 100],
      ['batch', 'framed', 1000, 100],
    ])
    for (const [at, { trials, ofCeiling }] of cells.entries()) {
      expect(trials[0]).toMatchObject({ state: 'valid', failed: 0, offered: trials[0]?.delivered })
      if (at % 2 === 0) expect(ofCeiling).toBeNull()
      else {
        const share =
          (trials[0]?.messagesPerSecond as number) / (cells[at - 1]?.trials[0]?.messagesPerSecond as number)
        expect(ofCeiling).toMatchObject({ median: share, low: share, high: share })
      }
    }
  })

  // each trial starts processes, and one of them threads
  test('a rate with threads, on a topic with chosen partitions, beside one ceiling at full speed', async () => {
    const grid = ['--api', 'send', '--rate', '400,max', '--threads', '2', '--partitions', '3', '--ceiling']
    const args = [...grid, '--duration', '0.6', '--warmup', '0.1', '--repeat', '1', '--json']
    const { exitCode, stdout, stderr } = await millrace(args)
    const { cells, verdicts, scaling } = JSON.parse(stdout) as AnalysedReport

    expect(exitCode).toBe(0)
    expect(cells.map(({ engine, threads, rate, partitions }) => [engine, threads, rate, partitions])).toEqual(
      [
        ['ceiling', 1, 'max', 3],
        ['batch', 2, 400, 3],
        ['batch', 2, 'max', 3],
      ],
    )
    const [, paced, fast] = cells.map(({ trials }) => trials[0])
    expect(fast).toMatchObject({ state: 'valid', threads: 2, latencyMs: null, achievedRate: null })
    expect(paced).toMatchObject({ threads: 2, latencyMs: { max: expect.any(Number) }, lingerMs: 5 })
    expect(paced?.offered).toBe(paced?.delivered)
    expect(cells[2]?.ofCeiling).not.toBeNull()
    // a rate that was asked for is no achievement
    expect([verdicts, scaling]).toEqual([[], []])
    expect(stderr).toMatch(/\[\d\/3\] send, rate max: [\d,]+ msg\/s\n/)
  }, 120_000)

  test('payloads from a file, a table in markdown, results in a file', async () => {
    const payloads = join(folder, 'payloads')
    writeFileSync(payloads, 'a\nbcd\n')
    const output = join(folder, 'result.json')
    const args = ['--payload-file', payloads, '--compression', 'lz4', '--repeat', '1', '--messages', '2000']
    const { exitCode, stdout } = await millrace([
      ...args,
      '--output',
      output,
      '--format',
      'markdown',
      '--quiet',
    ])

    expect(exitCode).toBe(0)
    expect(stdout).toMatch(
      /^Embedded cluster \(not Kafka\); 1 trial of 2,000 messages a row; .*bytes 2, rate max, compression lz4/,
    )
    expect(stdout).toContain('| 1 valid |')
    const report = JSON.parse(readFileSync(output, 'utf8')) as BenchReport
    expect(report.cells[0]).toMatchObject({ messageSize: 2, compression: 'lz4' })
    expect(report.exitCode).toBe(0)
    expect(readdirSync(folder)).not.toContain('result.json.part')
  })

  test('a topic into which others write: void, exit code 3', async () => {
    const cluster = await EmbeddedCluster.start()
    const stranger = await Producer.connect({ 'bootstrap.servers': cluster.bootstrapServers })
    const own = await stranger.describeTopic('shared')
    expect(own?.partitions).toHaveLength(4)
    let writing = true
    const strange = (async () => {
      while (writing) await stranger.send({ topic: 'shared', value: 'not a trial' })
    })()
    const args = ['-b', cluster.bootstrapServers, '-t', 'shared', '--api', 'batch', '--repeat', '1', ...short]
    const { exitCode, stdout, stderr } = await millrace(args)
    writing = false
    await strange
    await stranger.close()
    await cluster.stop()

    expect(exitCode).toBe(3)
    expect(stdout).toMatch(/^batch +- +- +- +- +- +- +- +1 void$/m)
    expect(stdout).toMatch(
      /^void: batch, trial 1: \d+ were delivered, but the end offsets moved by \d+: \d+ too many/m,
    )
    expect(stderr).toContain('No trial was valid')
    // its brokers are an embedded cluster's, and say so
    expect(stderr).toMatch(/^Against an embedded cluster, which is not Kafka/)
  })

  test.skipIf(process.platform !== 'linux')(
    'a trial whose embedded cluster ends under it is void at once, and says so',
    async () => {
      const args = ['--api', 'batch', '--repeat', '1', '--reporting-interval', '0.1', '--json']
      const killed: number[] = []
      const { exitCode, stdout } = await millrace([...args, '--duration', '1000'], text => {
        if (!text.includes('records/sec') || killed.length > 0) return
        killed.push(...childrenRunning('cluster-process'))
        for (const pid of killed) process.kill(pid, 'SIGKILL')
      })

      expect(killed).toHaveLength(1)
      expect(exitCode).toBe(3)
      const report = JSON.parse(stdout) as BenchReport
      expect(report.cells[0]?.trials).toEqual([
        { order: 1, state: 'void', why: "the embedded cluster's process was ended by SIGKILL" },
      ])
      expect(report.cells[0]?.messagesPerSecond).toBeNull()
    },
  )

  test('compares with an earlier run; the check fails only where it could have held', async () => {
    const old = join(folder, 'old.json')
    const args = ['--api', 'batch', '--repeat', '1', ...short]
    expect((await millrace([...args, '--label', 'before', '--output', old])).exitCode).toBe(0)
    const { exitCode, stdout, stderr } = await millrace([...args, '--compare', old, '--json'])

    expect(exitCode).toBe(0)
    expect(stderr).toContain(
      `Since ${old} (before):\n  batch: undecided (6 valid trials are needed on both sides`,
    )
    const { comparison } = JSON.parse(stdout) as AnalysedReport
    expect(comparison).toMatchObject({ file: old, label: 'before', environmentDiffers: [] })
    expect(comparison?.cells).toMatchObject([{ cell: 0, kind: 'undecided', basis: 'rate' }])

    const longer = [
      '--api',
      'batch',
      '--repeat',
      '1',
      '--duration',
      '0.3',
      '--warmup',
      '0.1',
      '--compare',
      old,
    ]
    const other = await millrace(longer)
    expect(other.stderr).toContain(
      `millrace: Not comparable with ${old}: window was seconds 0.2, is seconds 0.3`,
    )
    expect(other.exitCode).toBe(0)
    const check = await millrace([...longer, '--fail-if-slower', '5'])
    expect(check.stderr).toContain('--fail-if-slower: not comparable')
    expect(check.stderr).not.toContain('[1/1]')
    expect(check.exitCode).toBe(2)
  })

  test('other payloads in a file of the same name are not compared', async () => {
    const old = join(folder, 'payloads.json')
    const payloads = join(folder, 'payloads')
    const args = ['--payload-file', payloads, '-z', 'lz4', '--api', 'batch', '--repeat', '1', ...short]
    writeFileSync(payloads, 'aaaa\n'.repeat(100))
    expect((await millrace([...args, '--output', old])).exitCode).toBe(0)
    writeFileSync(payloads, 'j2x!\n'.repeat(100))
    const { exitCode, stderr } = await millrace([...args, '--compare', old, '--fail-if-slower', '5'])
    expect(stderr).toMatch(/not comparable with .*: payload digest was [0-9a-f]{16}, is [0-9a-f]{16}/)
    expect(exitCode).toBe(2)
  })

  test('results of another schema are refused before anything is measured', async () => {
    const old = join(folder, 'another.json')
    writeFileSync(old, JSON.stringify({ schema: 'millrace.load/1' }))
    const { exitCode, stderr } = await millrace(['--compare', old])
    expect(stderr).toContain('has the schema "millrace.load/1", not "millrace.bench/1"')
    expect(stderr).not.toContain('[1/')
    expect(exitCode).toBe(2)
    expect((await millrace(['--compare', join(folder, 'missing.json')])).exitCode).toBe(4)
  })

  // six pairs are the fewest that can give a verdict, and each trial starts processes
  test('another installation runs every trial as well', async () => {
    const other = join(folder, 'other')
    installOther(other)
    const args = ['--api', 'batch', '--repeat', '6', '--json', '--fail-if-slower', '50', ...short]
    const { exitCode, stdout, stderr } = await millrace([...args, '--against', other])

    const report = JSON.parse(stdout) as AnalysedReport
    // what stands there answers with 1,000,000,000 messages a second
    expect(stderr).toMatch(/\[\d+\/12\] batch, the other installation: 1,000,000,000 msg\/s/)
    expect(report.against).toMatchObject({
      millrace: '0.0.1',
      verdicts: [{ cell: 0, kind: 'slower', pairs: 6 }],
    })
    expect(report.cells[0]?.trials).toHaveLength(6)
    expect(report.against?.cells[0]?.trials).toHaveLength(6)
    expect(report.slower).toEqual({ limitPercent: 50, cells: ['batch'] })
    expect(stderr).toContain('Slower by 50 % or more: batch.')
    expect(report.exitCode).toBe(3)
    expect(exitCode).toBe(3)
  }, 120_000)

  test.each([
    [['--rate', '5'], 'a rate that is asked for is not slower or faster'],
    [
      ['--loops', '1,2', '--repeat', '6'],
      '6 pairs of trials cannot show any of 2 rows to be slower. Give --repeat 7',
    ],
  ])('%j cannot be slower, and the check says so before it measures', async (rows, told) => {
    const other = join(folder, 'same')
    installOther(other)
    const args = [...rows, '--against', other, '--fail-if-slower', '5']
    const { exitCode, stderr } = await millrace(args)
    expect(stderr).toContain(`--fail-if-slower: ${told}`)
    expect(stderr).not.toContain('[1/')
    expect(exitCode).toBe(2)
  })

  test('an installation that answers otherwise makes its trials void', async () => {
    const other = join(folder, 'odd')
    installOther(other, '{ result: 5 }')
    const args = ['--api', 'batch', '--repeat', '1', '--json', '--quiet', ...short, '--against', other]
    const { exitCode, stdout } = await millrace(args)
    const { against } = JSON.parse(stdout) as AnalysedReport
    expect(against?.cells[0]?.trials).toMatchObject([
      { state: 'void', why: expect.stringContaining('in another form') },
    ])
    expect(exitCode).toBe(3)
  })

  test('a report as a page, of an interrupted run as well', withCharts, async () => {
    const page = join(folder, 'report.html')
    const args = ['--api', 'batch', '--repeat', '9', '--label', '<b>', '--report', page, ...short]
    const { exitCode } = await millrace(args, (text, interrupt) => {
      if (text.includes('[2/9]')) interrupt('SIGINT')
    })
    expect(exitCode).toBe(130)
    const text = readFileSync(page, 'utf8')
    expect(text).toContain('<h1>millrace bench: &lt;b&gt;</h1>')
    expect(text).toContain('7 trials are missing')
    expect(readdirSync(folder)).not.toContain('report.html.part')
  })

  test('Ctrl-C keeps what was measured', async () => {
    const output = join(folder, 'interrupted.json')
    const args = ['--api', 'batch', '--repeat', '50', '--json', '--output', output, ...short]
    const { exitCode, stdout, stderr } = await millrace(args, (text, interrupt) => {
      if (text.includes('[2/50]')) interrupt('SIGINT')
    })

    expect(exitCode).toBe(130)
    expect(stderr).toMatch(/SIGINT\n$/)
    const report = JSON.parse(stdout) as BenchReport
    expect(report).toMatchObject({ missingTrials: 48, error: { code: 'ABORTED' }, exitCode: 130 })
    expect(report.cells[0]?.trials).toHaveLength(2)
    expect(report.cells[0]?.messagesPerSecond).not.toBeNull()
    expect(JSON.parse(readFileSync(output, 'utf8'))).toEqual(report)
  })

  describe('while the cluster is looked for', () => {
    /** Takes connections, and never says a word. */
    let silent: Server
    beforeAll(async () => {
      silent = createServer(socket => socket.on('error', () => {}))
      await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    })
    afterAll(() => silent.close())

    test.each([
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const)('%s ends it at once, with %i', async (name, code) => {
      const { port } = silent.address() as { port: number }
      const running = start(['bench', '-b', `127.0.0.1:${port}`, '--json'])
      await running.listens
      setTimeout(() => running.signal(name), 50)
      expect(await running.exit).toBe(code)
      expect(JSON.parse(running.stdout.text)).toMatchObject({ error: { code: 'ABORTED' }, exitCode: code })
      expect(running.stderr.text).toBe(`millrace: ${name}\n`)
    })
  })

  test('results that cannot be written are shown all the same, once', async () => {
    const vanishing = join(folder, 'vanishing')
    mkdirSync(vanishing)
    const [output, page] = [join(vanishing, 'x.json'), join(vanishing, 'x.html')]
    const files = ['--output', output, ...(canDraw ? ['--report', page] : [])]
    const args = ['--api', 'batch', '--repeat', '3', '--json', ...files, ...short]
    const { exitCode, stdout, stderr } = await millrace(args, text => {
      if (text.includes('[1/3]')) rmSync(vanishing, { recursive: true })
    })
    const report = JSON.parse(stdout) as BenchReport
    expect(report).toMatchObject({ schema: 'millrace.bench/1', missingTrials: 0, exitCode: 4 })
    expect(report.cells[0]?.trials).toHaveLength(3)
    expect(stderr).toContain(`--output ${output} cannot be written`)
    if (canDraw) expect(stderr).toContain(`--report ${page} cannot be written`)
    expect(exitCode).toBe(4)
  })

  test.runIf(process.platform !== 'win32')('the second Ctrl-C waits for nobody', async () => {
    const fifo = join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
    const running = start(['bench', '--api', 'batch', '--repeat', '50', '--json', '--output', fifo, ...short])
    await running.tells('[1/50]')
    running.signal('SIGINT')
    running.signal('SIGINT')
    expect(await running.exit).toBe(130)
    const report = JSON.parse(running.stdout.text) as BenchReport
    expect(report).toMatchObject({ error: { code: 'ABORTED' }, exitCode: 130 })
    expect(report.cells[0]?.trials.length).toBeGreaterThan(0)
    expect(running.stderr.text).toContain(`--output ${fifo} cannot be written`)
  })

  test('what a run reads is not written over', async () => {
    const old = join(folder, 'baseline.json')
    const payloads = join(folder, 'lines')
    const args = ['--api', 'batch', '--repeat', '1', ...short]
    await millrace([...args, '--output', old])
    writeFileSync(payloads, 'a\n')
    const before = readFileSync(old, 'utf8')
    const link = join(folder, 'link.json')
    symlinkSync(old, link)
    for (const output of [old, join(folder, '.', 'x', '..', 'baseline.json'), link]) {
      for (const option of ['--output', '--report']) {
        const { exitCode, stderr, stdout } = await millrace([...args, '--compare', old, option, output])
        expect(stderr).toContain(`${option} and --compare are both ${output}`)
        expect([exitCode, stdout]).toEqual([2, ''])
      }
    }
    const { stderr } = await millrace([...args, '--payload-file', payloads, '--output', payloads])
    expect(stderr).toContain('--output and --payload-file are both')
    expect([readFileSync(old, 'utf8'), readFileSync(payloads, 'utf8')]).toEqual([before, 'a\n'])
  })

  test('a grid of more than ten minutes says so', async () => {
    const { stderr, exitCode } = await millrace(['--duration', '400', '--repeat', '2'], (text, interrupt) => {
      if (text.includes('trials, about')) setImmediate(() => interrupt('SIGTERM'))
    })
    expect(stderr).toMatch(/8 trials, about \d\d min( \d+ s)?, which is long/)
    expect(exitCode).toBe(143)
  })

  describe('a grid of hours', () => {
    const hours = ['bench', '--api', 'batch', '--duration', '4000', '--repeat', '1']

    test.each(['n\n', '\n', 'what?\n'])(
      'is asked about on a terminal; %j: nothing is measured',
      async text => {
        const running = start(hours, { terminal: true })
        await running.tells('Go on? [y/N]')
        running.stdin.write(text)
        expect(await running.exit).toBe(130)
        expect(running.stderr.text).toContain('1 trial, about 1 h 06 min, which is long')
        expect(running.stdout.text).toBe('')
      },
    )

    test('a signal is no yes', async () => {
      const running = start(hours, { terminal: true })
      await running.tells('Go on? [y/N]')
      running.signal('SIGTERM')
      expect(await running.exit).toBe(143)
      expect(running.stdout.text).toBe('')
    })

    test('the end of input is no yes', async () => {
      const running = start(hours, { terminal: true, stdin: '' })
      expect(await running.exit).toBe(130)
      expect(running.stdout.text).toBe('')
    })

    test.each<[string, string[], boolean]>([
      ['with a yes', hours, true],
      ['with --yes nobody is asked', [...hours, '--yes'], true],
      ['without a terminal there is nobody to ask', hours, false],
    ])('%s: it begins', async (name, args, terminal) => {
      const output = join(folder, `${name}.json`)
      const running = start([...args, '--output', output], { terminal })
      if (name === 'with a yes') {
        await running.tells('[y/N]')
        running.stdin.write('y\n')
      }
      // which is when it writes for the first time
      await expect.poll(() => existsSync(output), { timeout: 20_000 }).toBe(true)
      running.signal('SIGTERM')
      expect(await running.exit).toBe(143)
      expect(running.stderr.text.includes('[y/N]')).toBe(name === 'with a yes')
    })
  })

  test('a broker that is not there', async () => {
    const { exitCode, stderr, stdout } = await millrace(['-b', '127.0.0.1:1', '-t', 'any', '--repeat', '1'])
    expect(exitCode).toBe(5)
    expect(stderr).toMatch(
      /millrace: No broker of 127\.0\.0\.1:1 answered.*Without -b an embedded cluster is measured/,
    )
    expect(stdout).toBe('')
  })

  test.each<[string[], string]>([
    [['--loops', '0'], '--loops has "0"'],
    [['--loops', '-1'], '--loops'],
    [['--producers', '1.5'], '--producers has "1.5"'],
    [['--batch', 'NaN'], '--batch has "NaN"'],
    [['--outstanding', ''], '--outstanding'],
    [['--message-size', '100,'], '--message-size has ""'],
    [['--message-size', '100,100'], '--message-size has 100 twice'],
    [['--api', 'stream'], '--api has "stream"'],
    [['--engine', 'warp'], '--engine has "warp"'],
    [['--engine', 'callback,callback'], '--engine has callback twice'],
    [['--acks', '2'], '--acks has "2"'],
    [['--compression', 'rar'], '--compression has "rar"'],
    [['--duration', '0'], '--duration is "0"'],
    [['--duration', 'NaN'], '--duration is "NaN"'],
    [['--messages', '0'], '--messages is "0"'],
    [['--messages', '5', '--duration', '5'], 'Both --duration and --messages'],
    [['--warmup', '-1'], '--warmup'],
    [['--repeat', '0'], '--repeat is "0"'],
    [['--repeat', '1', '--repeat', '2'], '--repeat was given 2 times'],
    [['--seed', '-5'], '--seed'],
    [['--topic', 'a b'], '--topic'],
    [['--partitions', '0'], '--partitions has "0"'],
    [['--config', '/any'], '--config goes with --brokers only'],
    [['-b', 'host:1', '-t', 'any', '--partitions', '3'], 'Both --topic and --partitions'],
    [['-b', 'host:port'], 'bootstrap.servers'],
    [['-X', 'acks=1'], '-X acks is not for bench. Use --acks'],
    [['-X', 'compression.codec=lz4'], 'Use --compression'],
    [['-X', 'bootstrap.servers=host:1'], 'Use --brokers'],
    [['-X', 'queue.buffering.max.messages=1'], 'Use --outstanding'],
    [['-X', 'linger.sm=1'], 'Did you mean linger.ms'],
    [['--payload-file', '/any', '--message-size', '5'], 'Both --payload-file and --message-size'],
    [['--output', '/missing/folder/result.json'], '--output /missing/folder/result.json cannot be written'],
    [['--report', '/missing/folder/report.html'], '--report /missing/folder/report.html cannot be written'],
    [['--report', '/'], '--report / cannot be written: it is a folder'],
    [['--report', 'same', '--output', './same'], '--output and --report are both ./same, which is same'],
    [['--compare', '/any', '--against', '/any'], 'Both --compare and --against'],
    [['--against', '/missing'], '--against /missing has no millrace'],
    [['--fail-if-slower', '5'], '--fail-if-slower needs something to be slower than'],
    [['--fail-if-slower', '-1', '--against', '/any'], '--fail-if-slower is "-1"'],
    [['--fail-if-slower', '100', '--against', '/any'], '--fail-if-slower is "100"'],
    [['--margin', '0'], '--margin is "0"'],
    [['--margin', 'wide'], '--margin is "wide"'],
    [['--label', 'a', '--label', 'b'], '--label was given 2 times'],
    [['--json', '--format', 'csv'], 'Both --json and --format'],
    [['--format', 'html'], 'format'],
    [['--threads', '0'], '--threads has "0"'],
    [['--threads', '65'], '--threads has "65"'],
    [['--threads', 'all'], '--threads has "all"'],
    [['--rate', '0'], '--rate has "0"'],
    [['--rate', '-5'], '--rate has "-5"'],
    [['--rate', '1000,fast'], '--rate has "fast"'],
    [['--rate', '1e9'], '--rate has "1e9"'],
    [['--rate', '2000000000'], '--rate has "2000000000"'],
    [['--rate', 'max,max'], '--rate has max twice'],
  ])('%j is refused', async (args, message) => {
    const { exitCode, stderr, stdout } = await millrace(args)
    expect(stderr).toContain(message)
    expect(exitCode).toBe(2)
    if (!args.includes('--json')) expect(stdout).toBe('')
  })

  test('a payload file that is not there', async () => {
    const { exitCode, stderr } = await millrace(['--payload-file', join(folder, 'missing')])
    expect(exitCode).toBe(4)
    expect(stderr).toContain('--payload-file')
  })
})
