import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BenchReport } from '../../src/bench/report.ts'
import { planOf } from '../../src/cli/bench-plan.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'
import { withCharts } from '../support/report-libraries.ts'
import { start } from './harness.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-bench-perf-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function bench(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { exit, stdout, stderr } = start(['bench', ...args], { env })
  const exitCode = await exit
  return { exitCode, stdout: stdout.text, stderr: stderr.text }
}

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const once = ['--api', 'batch', '--duration', '0.3', '--warmup', '0.1', '--repeat', '1']

describe('as kafka-producer-perf-test', () => {
  test('tells how a trial goes on, and the statistics at its end', async () => {
    const args = ['--reporting-interval', '0.1', '--print-metrics', '--json', ...once]
    const { exitCode, stdout, stderr } = await bench(args)
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(
      /\n {2}\d+ records sent, [\d.]+ records\/sec \([\d.]+ MB\/sec\), [\d.]+ ms avg latency, [\d.]+ ms max latency\.\n/,
    )
    expect(stderr).toMatch(/\nStatistics of batch:\nname +: rdkafka#producer-1\n/)
    const { cells } = JSON.parse(stdout) as BenchReport
    expect(cells[0]?.trials[0]?.metrics?.[0]?.txmsgs).toBeGreaterThan(0)
  })

  test('sends numbers in transactions, after so many messages', async () => {
    const asked = ['--payload-monotonic', '--transactional-id', 'perf', '--transaction-duration', '0.1']
    const args = ['--warmup-messages', '2000', '--messages', '3000', '--repeat', '1', '--json', ...asked]
    const { exitCode, stdout } = await bench(args)
    expect(exitCode).toBe(0)
    const { cells, environment } = JSON.parse(stdout) as BenchReport
    expect(environment).toMatchObject({
      payloadMonotonic: true,
      warmupMessages: 2000,
      warmupSeconds: 0,
      transactions: { id: 'perf', seconds: 0.1 },
    })
    // no ceiling: it has neither
    expect(cells.map(({ engine }) => engine)).not.toContain('ceiling')
    for (const { trials } of cells) {
      expect(trials[0]).toMatchObject({ state: 'valid', transactions: { aborted: 0 } })
      expect(trials[0]?.delivered).toBeGreaterThanOrEqual(5000)
      // four digits are the most of most numbers
      expect((trials[0]?.megabytesPerSecond ?? 0) / (trials[0]?.messagesPerSecond ?? 1)).toBeLessThan(8e-6)
    }
  })

  test.each<[string, object, string, unknown]>([
    ['an id of its own', { 'transaction-duration': '0.2' }, '', { id: /^millrace-bench-/, seconds: 0.2 }],
    ['the id of a file', {}, 'transactional.id=of-file\n', { id: /^of-file$/, seconds: 3 }],
    [
      'the id of the line',
      { 'transactional-id': 'of-line' },
      'transactional.id=of-file\n',
      { id: /^of-line$/, seconds: 3 },
    ],
  ])('transactions have %s', (_, args, text, expected) => {
    const config = file('client.properties', text)
    const given = { ceiling: false, 'allow-failures': false, brokers: 'host:1', config, ...args }
    const { plan } = planOf(given, {})
    const { id, seconds } = expected as { id: RegExp; seconds: number }
    expect(plan.transactions).toEqual({ id: expect.stringMatching(id), seconds })
    // each producer of a trial is given its own
    expect(plan.properties).not.toHaveProperty('transactional.id')
  })

  test('payloads end with a delimiter', async () => {
    const path = file('payloads', 'ab;abcd;')
    const { exitCode, stdout } = await bench([
      ...['--payload-file', path, '--payload-delimiter', ';', '--json'],
      ...once,
    ])
    expect(exitCode).toBe(0)
    const { cells, environment } = JSON.parse(stdout) as BenchReport
    expect(cells[0]?.messageSize).toBe(3)
    expect(environment.payloadDelimiter).toBe(';')
  })

  test.each<[string[], string]>([
    [['--payload-delimiter', ';'], '--payload-delimiter is for the payloads of --payload-file'],
    [['--payload-delimiter', '', '--payload-file', 'any'], '--payload-delimiter is empty'],
    [['--payload-delimiter', '\\q', '--payload-file', 'any'], "--payload-delimiter '\\q' has the escape"],
    [['--payload-monotonic', '--message-size', '5'], 'Both --payload-monotonic and --message-size'],
    [['--payload-monotonic', '--payload-file', 'any'], 'Both --payload-monotonic and --payload-file'],
    [['--payload-monotonic', '--ceiling'], '--ceiling sends what was prepared'],
    [['--warmup-messages', '0'], '--warmup-messages is "0"'],
    [['--warmup-messages', '1.5'], '--warmup-messages is "1.5"'],
    [['--reporting-interval', '0'], '--reporting-interval is "0"'],
    [['--transactional-id', ''], '--transactional-id is empty'],
    [['--transactional-id', 'a', '--transactional-id', 'b'], '--transactional-id was given 2 times'],
    [['--transaction-duration', '0'], '--transaction-duration is "0"'],
    [['--transaction-duration', '60'], 'the broker ends transactions after 60 s'],
    [
      ['--transaction-duration', '5', '-X', 'transaction.timeout.ms=5000'],
      'the broker ends transactions after 5 s',
    ],
    [['--transactional-id', 'a', '--threads', '2'], '--threads: a transaction belongs to one thread'],
    [['--transactional-id', 'a', '--processes', '1,2'], '--processes: each would end the transactions'],
    [['--transaction-duration', '1', '--processes', '2'], '--processes: each would end the transactions'],
    [['--reporting-interval', '1', '--processes', '2'], '--reporting-interval tells of one process'],
    [['--transactional-id', 'a', '--acks', '1'], '--acks: transactions are acknowledged by all'],
    [['--transactional-id', 'a', '--ceiling'], '--ceiling sends outside of transactions'],
    [['-X', 'transactional.id=a'], 'Use --transactional-id'],
    [['--stages', '--engine', 'callback'], '--stages: its layers are those of the batch engine'],
    [['--stages', '--threads', '2'], '--stages: its layers are those of the batch engine'],
    [['--stages', '--processes', '2'], '--stages: its layers are those of the batch engine'],
    [['--stages', '--rate', '5'], '--stages: its layers are those of the batch engine'],
    [['--stages', '--transactional-id', 'a'], '--stages: only brokers know transactions'],
    [['--stages', '--against', '/any'], '--stages: another installation may have other layers'],
    [['--print-metrics', '-X', 'statistics.interval.ms=0'], '--print-metrics: statistics.interval.ms=0'],
    [['--message-size', '0'], '--message-size has "0"'],
    [['--message-size', '100,1000001'], 'of 1000001 bytes, beyond message.max.bytes=1000000'],
    [['--message-size', '2000', '-X', 'message.max.bytes=1500'], 'beyond message.max.bytes=1500'],
    [['--message-size', '100000001'], '--message-size has "100000001"'],
    [['--loops', ''], '--loops has ""'],
    [['--batch', '500', '--outstanding', '100'], 'Not one row of this grid can be run: a batch of 500'],
  ])('%j is refused before anything is measured', async (args, message) => {
    const { exitCode, stdout, stderr } = await bench(args)
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('[1/')
    expect(stdout).toBe('')
    expect(exitCode).toBe(2)
  })

  test('a payload of a file beyond the limit is refused as well', async () => {
    const path = file('large', `short\n${'x'.repeat(2000)}\n`)
    const { exitCode, stderr } = await bench(['--payload-file', path, '-X', 'message.max.bytes=1500'])
    expect(stderr).toContain('--payload-file has messages of 2000 bytes, beyond message.max.bytes=1500')
    expect(exitCode).toBe(2)
  })
})

test('--stages tells what each layer costs', withCharts, async () => {
  const page = join(folder, 'layers.html')
  const args = ['--stages', '--duration', '0.2', '--warmup', '0.1', '--repeat', '2', '--report', page]
  const { exitCode, stdout, stderr } = await bench([...args, '--json'])
  expect(exitCode).toBe(0)
  expect(stderr).toContain('6 trials, about')
  expect(stderr).toMatch(/\[\d\/6\] batch, into the addon, dropped: [\d,]+ msg\/s\n/)
  const { cells, stages } = JSON.parse(stdout) as BenchReport
  expect(cells).toHaveLength(1)
  expect(stages).toMatchObject([
    {
      cell: 0,
      stages: [
        { stage: 'javascript', added: null, trials: [{ state: 'valid' }, { state: 'valid' }] },
        { stage: 'addon', added: { pairs: 2 }, trials: [{ state: 'valid' }, { state: 'valid' }] },
        { stage: 'embedded', added: { pairs: 2 }, trials: null },
      ],
    },
  ])
  const text = readFileSync(page, 'utf8')
  expect(text).toContain('<h2>Layers</h2>')
  expect(text).toContain('into the addon, dropped')
})

test('MILLRACE_BROKERS is not used, and that is said', async () => {
  const { exitCode, stderr, stdout } = await bench([...once, '--json'], { MILLRACE_BROKERS: 'nowhere:1' })
  expect(stderr).toMatch(/^Against an embedded cluster, which is not Kafka/)
  expect(stderr).toContain('MILLRACE_BROKERS is not used: bench takes brokers from -b only')
  expect(JSON.parse(stdout)).toMatchObject({ environment: { embedded: true } })
  expect(exitCode).toBe(0)
})

test('a broker that vanishes in mid-trial makes it void, and the next one goes on', async () => {
  const cluster = await EmbeddedCluster.start({ topics: { there: 2 } })
  const where = ['-b', cluster.bootstrapServers, '-t', 'there', '-X', 'delivery.timeout.ms=1000']
  const { exit, stderr, stdout } = start([
    'bench',
    ...where,
    ...['--api', 'batch', '--outstanding', '1000', '--duration', '2', '--repeat', '2', '--json'],
    ...['--reporting-interval', '0.2'],
  ])
  await expect.poll(() => stderr.text, { timeout: 20_000 }).toContain('records sent')
  await cluster.setBrokerDown('all')
  await expect.poll(() => stderr.text, { timeout: 60_000 }).toContain('[1/2] batch: void: ')
  await cluster.setBrokerUp('all')
  expect(await exit).toBe(3)
  await cluster.stop()
  const { cells } = JSON.parse(stdout.text) as BenchReport
  expect(cells[0]?.trials.map(({ state }) => state)).toEqual(['void', 'valid'])
  expect(cells[0]?.trials[0]?.why).toMatch(/messages were not delivered/)
}, 120_000)

test.each([1, 2])(
  'a cluster that is gone for good makes a trial of %i process(es) void, and nothing is said to be missing',
  async processes => {
    const cluster = await EmbeddedCluster.start({ topics: { there: 2 } })
    const where = ['-b', cluster.bootstrapServers, '-t', 'there', '-X', 'delivery.timeout.ms=1000']
    const { exit, stdout } = start([
      'bench',
      ...where,
      ...['--api', 'batch', '--outstanding', '1000', '--duration', '4', '--repeat', '1', '--json'],
      ...['--processes', String(processes), '--payload-monotonic'],
    ])
    // of several processes each has every so-many-th number: one that has sent has begun
    const begun = new Set<number>()
    const latest = ['read', '-b', cluster.bootstrapServers, '-t', 'there', '--from', '-500']
    await expect
      .poll(
        async () => {
          const seen = start([...latest, '--format', 'value'])
          await seen.exit
          const numbers = seen.stdout.text.split('\n').filter(line => line !== '')
          for (const number of numbers) begun.add(Number(number) % processes)
          return begun.size
        },
        { timeout: 30_000 },
      )
      .toBe(processes)
    await cluster.setBrokerDown('all')
    expect(await exit).toBe(3)
    await cluster.stop()
    const { cells } = JSON.parse(stdout.text) as BenchReport
    const [trial] = cells[0]?.trials ?? []
    expect(trial).toMatchObject({ state: 'void', endOffsetsMoved: null, beyondDelivered: null })
    expect(trial?.why).toMatch(/the end offsets could not be read/)
    expect(trial?.why).not.toMatch(/missing/)
  },
  120_000,
)

test('the page on kafka-producer-perf-test names options that there are', async () => {
  const page = readFileSync(new URL('../../docs/kafka-producer-perf-test.md', import.meta.url), 'utf8')
  const { stdout } = await bench(['--help'])
  const known = new Set(stdout.match(/--[a-z][a-z-]+/g))
  const examples = [...page.matchAll(/`millrace bench ([^`]+)`/g)].flatMap(
    ([, args]) => args?.match(/--[a-z-]+/g) ?? [],
  )
  expect(examples.length).toBeGreaterThan(10)
  expect(examples.filter(option => !known.has(option))).toEqual([])
})
