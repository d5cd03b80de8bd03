import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BrokerFault, EmbeddedCluster } from '../../src/testing/index.ts'
import { millrace, start, useFiles } from '../cli/harness.ts'
import { freshTopic } from '../support/cluster.ts'
import { skipBecause } from '../support/skip-reason.ts'
import { engines } from './rig.ts'

const RECORDS = 30
const file = useFiles()
let number = 0

let cluster: EmbeddedCluster
let topic = ''
beforeEach(async () => {
  cluster = await EmbeddedCluster.start()
  topic = freshTopic()
  await cluster.createTopic(topic, { partitions: 1 })
})
afterEach(() => cluster.stop())

const refused = { error: 'INVALID_RECORD' } as const
/** The records that are to be refused when they are offered alone. */
const culprits = [7, 21]
/** All of them in one request, which is refused; then each alone. */
const faults: BrokerFault[] = [
  refused,
  ...Array.from({ length: RECORDS }, (_, n) => (culprits.includes(n) ? refused : {})),
]

interface Loaded {
  readonly exit: number
  readonly stderr: string
  readonly account: {
    readonly [name in
      | 'read'
      | 'sent'
      | 'skipped'
      | 'rejected'
      | 'unsent'
      | 'delivered'
      | 'failed'
      | 'resent'
      | 'possiblyPersisted']: number
  }
  readonly log: readonly number[]
}

async function load(argv: readonly string[], records = RECORDS): Promise<Loaded> {
  const stdin = Array.from({ length: records }, (_, n) => `${n}\n`).join('')
  const input = file(`input${++number}.txt`, stdin)
  const brokers = ['-b', cluster.bootstrapServers, '-X', 'linger.ms=50']
  const { exit, stdout, stderr } = await millrace([
    'produce',
    '-t',
    topic,
    '--json',
    ...brokers,
    ...argv,
    input,
  ])
  const account = JSON.parse(stdout) as Loaded['account']
  expect(account.read).toBe(account.sent + account.skipped + account.rejected + account.unsent)
  expect(account.sent).toBe(account.delivered + account.failed)
  const log = (await cluster.readAll(topic)).map(({ value }) => Number(value))
  return { exit, stderr, account, log }
}

const numbers = Array.from({ length: RECORDS }, (_, n) => n)
const innocent = numbers.filter(n => !culprits.includes(n))

describe.each([
  ['the batch engine', ['--engine', 'batch']],
  ['the batch engine and threads', ['--engine', 'batch', '--threads', '2']],
  ['the batch engine and loops', ['--engine', 'batch', '--loops', '3']],
  ['the callback engine', ['--engine', 'callback']],
] as const)('a batch that is refused for a record in it, with %s', (_name, argv) => {
  test('only the culprits are put aside, and the others are delivered', async () => {
    await cluster.pushBrokerErrors(1, 'Produce', faults)
    const path = file(`dead${++number}.envelope`, '')
    const { exit, account, log } = await load([...argv, '--dead-letter', path])
    expect({ exit, account }).toMatchObject({
      exit: 3,
      account: {
        read: RECORDS,
        delivered: innocent.length,
        rejected: 2,
        failed: 0,
        unsent: 0,
        resent: RECORDS,
      },
    })
    expect([...log].sort((a, b) => a - b)).toEqual(innocent)
    const letters = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(letters.map(line => JSON.parse(line))).toMatchObject(
      culprits.map(n => ({
        topic,
        value: `${n}`,
        error: { code: 'DELIVERY_FAILED', kafkaCode: 87, possiblyPersisted: false },
        source: { line: n + 1, file: expect.stringMatching(/input\d+\.txt$/) },
      })),
    )
    // and again, into the topic that the letters name
    const again = await millrace([
      'produce',
      '--json',
      '-b',
      cluster.bootstrapServers,
      '--format',
      'envelope',
      path,
    ])
    expect(again.exit).toBe(0)
    const all = (await cluster.readAll(topic)).map(({ value }) => Number(value))
    expect(all.sort((a, b) => a - b)).toEqual(numbers)
  })

  test('by default the culprits end the load, told with their place', async () => {
    await cluster.pushBrokerErrors(1, 'Produce', faults)
    const { exit, stderr, account } = await load(argv)
    expect({ exit, account }).toMatchObject({
      exit: 4,
      account: { delivered: innocent.length, rejected: 2, failed: 0 },
    })
    expect(stderr).toMatch(/line 8 of .*input\d+\.txt \(byte 14\): .*INVALID_RECORD/)
  })

  test('endings that come one after the other are progress, however long all of them take', async () => {
    const slow = { ...refused, rttMs: 600 }
    await cluster.pushBrokerErrors(1, 'Produce', [refused, ...Array.from({ length: RECORDS }, () => slow)])
    const { exit, account } = await load([...argv, '--on-bad-record', 'skip', '--stall-timeout', '2'])
    expect({ exit, account }).toMatchObject({ exit: 3, account: { delivered: 0, rejected: RECORDS } })
  })

  test('nobody is rejected who is not refused alone', async () => {
    await cluster.pushErrors('Produce', ['MSG_SIZE_TOO_LARGE'])
    const { exit, account, log } = await load([...argv, '--on-bad-record', 'skip'])
    expect({ exit, account }).toMatchObject({
      exit: 0,
      account: { delivered: RECORDS, rejected: 0, resent: RECORDS },
    })
    expect([...log].sort((a, b) => a - b)).toEqual(numbers)
  })

  test('rejected within what is allowed, it is done', async () => {
    await cluster.pushBrokerErrors(1, 'Produce', faults)
    const { exit, account } = await load([...argv, '--on-bad-record', 'skip', '--max-rejected', '2'])
    expect({ exit, account }).toMatchObject({ exit: 0, account: { rejected: 2, failed: 0 } })
  })
})

describe.each(engines)('the cluster is at fault, with the %s engine', engine => {
  const quick = ['--engine', engine, '-X', 'batch.num.messages=10']

  test('row 5: not authorized for good: the load waits, then ends with exit 5 and nothing put aside', async () => {
    await cluster.pushErrors('Produce', Array(500).fill('TOPIC_AUTHORIZATION_FAILED'))
    const path = file(`dead${++number}.envelope`, '')
    const argv = [...quick, '--dead-letter', path, '--stall-timeout', '3']
    const { exit, stderr, account, log } = await load(argv, 5000)
    expect(exit).toBe(5)
    expect(stderr).toMatch(/waiting: t\S+ fails with TOPIC_AUTHORIZATION_FAILED since .* records behind it/)
    expect(stderr).toMatch(/No acknowledgement came for 3 s; .*TOPIC_AUTHORIZATION_FAILED/)
    expect(account).toMatchObject({ delivered: 0, rejected: 0 })
    expect(account.failed + account.unsent).toBe(account.read)
    expect(log).toEqual([])
    expect(readFileSync(path, 'utf8')).toBe('')
  })

  test('row 5: once it is authorized again, what is surely not in the log is sent, in its order', async () => {
    await cluster.pushErrors('Produce', Array(3).fill('TOPIC_AUTHORIZATION_FAILED'))
    const { exit, account, log } = await load([...quick, '--stall-timeout', '20'], 5000)
    if (engine === 'callback') {
      // it cannot tell that what was refused is not in the log
      expect(exit).toBe(3)
      expect(account.failed).toBe(account.possiblyPersisted)
    } else expect({ exit, account }).toMatchObject({ exit: 0, account: { delivered: 5000, failed: 0 } })
    expect(account.resent).toBeGreaterThan(0)
    expect(new Set(log).size).toBe(account.delivered)
    expect(log).toHaveLength(account.delivered)
  })

  /** The leader goes when the first record is there, and comes back when `until` has been written to standard error. */
  async function loadWithoutLeader(records: number, until: RegExp, argv: readonly string[]) {
    const brokers = ['-b', cluster.bootstrapServers, '-X', 'topic.metadata.refresh.interval.ms=300']
    const running = start(['produce', '-t', topic, '--json', '--stall-timeout', '30', ...brokers, ...argv])
    running.stdin.write('0\n')
    await expect.poll(async () => (await cluster.readAll(topic)).length).toBe(1)
    await cluster.setLeader(topic, 0, null)
    running.stdin.end(Array.from({ length: records - 1 }, (_, n) => `${n + 1}\n`).join(''))
    await expect.poll(() => running.stderr.text, { timeout: 15_000 }).toMatch(until)
    await cluster.setLeader(topic, 0, 1)
    const exit = await running.exit
    const log = (await cluster.readAll(topic)).map(({ value }) => Number(value))
    return { exit, stderr: running.stderr.text, account: JSON.parse(running.stdout.text), log }
  }

  test('row 8: no leader: the load says so, and goes on when there is one', async () => {
    const waiting = /waiting: .*partition 0 of t\S+ has no leader since .*; 29 records behind it/
    const { exit, stderr, account, log } = await loadWithoutLeader(RECORDS, waiting, quick)
    expect({ exit, account }).toMatchObject({ exit: 0, account: { delivered: RECORDS } })
    expect(stderr).toMatch(/waiting no more/)
    expect(log).toEqual(numbers)
  })

  const cannotTell =
    engine === 'batch' ? {} : skipBecause('the callback engine cannot tell what was not sent')
  test('messages that time out unsent wait for the leader, in their order', cannotTell, async () => {
    const timeout = [...quick, '-X', 'delivery.timeout.ms=1000']
    const { exit, account, log } = await loadWithoutLeader(
      2000,
      /waiting: t\S+ fails with _MSG_TIMED_OUT/,
      timeout,
    )
    expect(account.resent).toBeGreaterThan(0)
    expect({ exit, account, log }).toMatchObject({ exit: 0, account: { delivered: 2000, failed: 0 } })
    expect(log).toEqual(Array.from({ length: 2000 }, (_, n) => n))
  })
})

test('a load that sends one record after the other gets on, however long all of them take', async () => {
  cluster.setBrokerRtt(1, 60)
  cluster.pushErrors('Produce', ['INVALID_RECORD'])
  const { exit, stderr, account } = await load(['--on-bad-record', 'skip', '--stall-timeout', '2'], 150)
  expect(stderr).not.toMatch(/No acknowledgement/)
  expect(exit).toBe(0)
  expect(account).toMatchObject({ delivered: 150, failed: 0 })
})
