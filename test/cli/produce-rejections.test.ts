import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type RejectionArguments, rejectionOptions } from '../../src/cli/produce-rejections.ts'
import { MillraceError } from '../../src/errors.ts'
import { planRejections } from '../../src/load/rejection-plan.ts'
import { freshTopic, useEmbeddedCluster } from '../support/cluster.ts'
import { millrace, useFiles } from './harness.ts'

const cluster = useEmbeddedCluster()
const file = useFiles()
let number = 0

describe('what is to become of bad records', () => {
  const plan = (flags: RejectionArguments) => planRejections(rejectionOptions(flags), 'flags')

  test.each([
    [{}, { onBadRecord: 'stop' }],
    [{ 'on-bad-record': 'stop' }, { onBadRecord: 'stop' }],
    [{ 'on-bad-record': 'skip' }, { onBadRecord: 'skip' }],
    [{ 'dead-letter': 'f' }, { onBadRecord: 'skip', deadLetter: 'f' }],
    [
      { 'on-bad-record': 'dead-letter', 'dead-letter': 'f' },
      { onBadRecord: 'skip', deadLetter: 'f' },
    ],
    [{ 'dead-letter': 'f', 'max-rejected': '10' }, { maxRejected: { count: 10 } }],
    [{ 'on-bad-record': 'skip', 'max-rejected': '0.5%' }, { maxRejected: { percent: 0.5 } }],
  ])('%j', (flags, expected) => {
    expect(plan(flags)).toMatchObject(expected)
  })

  test.each([
    [{ 'on-bad-record': 'dead-letter' }, /no file is named/],
    [{ 'on-bad-record': 'skip', 'dead-letter': 'f' }, /--on-bad-record is skip/],
    [{ 'on-bad-record': 'stop', 'dead-letter': 'f' }, /--on-bad-record is stop/],
    [{ 'dead-letter': '' }, /--dead-letter is empty/],
    [{ 'max-rejected': '3' }, /the first bad record stops the load/],
    [{ 'dead-letter': 'f', 'max-rejected': '-1' }, /--max-rejected is "-1"/],
    [{ 'dead-letter': 'f', 'max-rejected': '1.5' }, /--max-rejected is "1.5"/],
    [{ 'dead-letter': 'f', 'max-rejected': '101%' }, /--max-rejected is "101"/],
    [{ 'dead-letter': 'f', 'max-rejected': '%' }, /--max-rejected is ""/],
    [{ 'dead-letter': 'f', 'max-rejected': ['1', '2'] }, /given 2 times/],
  ])('%j is refused', (flags, message) => {
    const call = () => plan(flags)
    expect(call).toThrow(MillraceError)
    expect(call).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(message) }))
  })
})

describe('a load with bad records', () => {
  async function produce(content: string, argv: readonly string[]) {
    const path = file(`${++number}.ndjson`, content)
    const brokers = [
      '-b',
      cluster().bootstrapServers,
      '-X',
      'allow.auto.create.topics=true',
      '-t',
      freshTopic(),
    ]
    const { exit, stdout, stderr } = await millrace(['produce', '--json', ...brokers, ...argv, path])
    const account = stdout === '' ? {} : JSON.parse(stdout)
    return { exit, stderr, account, path }
  }
  const content = Array.from({ length: 100 }, (_, n) => (n % 20 === 7 ? 'x\n' : `${n}\n`)).join('')

  test.each([
    ['skip', ['--on-bad-record', 'skip'], 3, { delivered: 95, rejected: 5, exitCode: 3 }],
    [
      'as many as allowed',
      ['--on-bad-record', 'skip', '--max-rejected', '5'],
      0,
      { delivered: 95, rejected: 5 },
    ],
    ['as many in a hundred', ['--on-bad-record', 'skip', '--max-rejected', '5%'], 0, { rejected: 5 }],
    [
      'more in a hundred',
      ['--on-bad-record', 'skip', '--max-rejected', '4.9%'],
      4,
      { delivered: 95, rejected: 5 },
    ],
    [
      'with a rate and threads',
      ['--on-bad-record', 'skip', '--rate', '5000', '--threads', '2'],
      3,
      { delivered: 95, rejected: 5 },
    ],
    [
      'with a limit',
      ['--on-bad-record', 'skip', '--limit', '50', '--max-rejected', '3'],
      0,
      { read: 50, delivered: 47, rejected: 3 },
    ],
  ])('%s', async (_name, argv, expected, figures) => {
    const { exit, account } = await produce(content, argv)
    expect({ exit, account }).toMatchObject({ exit: expected, account: figures })
    expect(account.read).toBe(account.sent + account.skipped + account.rejected + account.unsent)
  })

  test('beyond what is allowed it stops, and says so', async () => {
    const many = Array.from({ length: 60_000 }, (_, n) => (n < 50 ? 'x\n' : `${n}\n`)).join('')
    const letters = file(`${++number}.letters`, '')
    const { exit, stderr, account } = await produce(many, ['--dead-letter', letters, '--max-rejected', '10'])
    expect({ exit, account }).toMatchObject({
      exit: 4,
      account: { outcome: 'input', error: { code: 'TOO_MANY_REJECTED' }, rejected: 50, deadLetter: letters },
    })
    expect(account.read).toBeLessThan(60_000)
    expect(account.read).toBe(account.sent + account.skipped + account.rejected + account.unsent)
    expect(stderr).toMatch(
      /50 of \d+ records were rejected, and no more than 10 may be\. The first: line 1 of/,
    )
    expect(readFileSync(letters, 'utf8').trimEnd().split('\n')).toHaveLength(50)
  })

  test('of small files that are sent together, it is told which file and line it was', async () => {
    const large = 'x'.repeat(5000)
    const paths = ['a\nb\n', `c\n${large}\nd`, '', `${large}\ne\n`].map(text => file(`${++number}.txt`, text))
    const letters = file(`${++number}.letters`, '')
    const topic = freshTopic()
    const brokers = ['-b', cluster().bootstrapServers, '-X', 'allow.auto.create.topics=true', '-p', '0']
    const limit = ['-X', 'message.max.bytes=2000', '--dead-letter', letters, '-t', topic]
    const { exit, stdout } = await millrace(['produce', '--json', ...brokers, ...limit, ...paths])
    const account = { read: 7, sent: 5, rejected: 2, delivered: 5, failed: 0, unsent: 0 }
    expect({ exit, account: JSON.parse(stdout) }).toMatchObject({ exit: 3, account })
    const sources = readFileSync(letters, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line).source)
    expect(sources).toEqual([
      { file: paths[1], byte: 2, line: 2 },
      { file: paths[3], byte: 0, line: 1 },
    ])
    const sent = (await cluster().readAll(topic)).sort((one, other) => one.offset - other.offset)
    expect(sent.map(({ value }) => value?.toString())).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('people are told how many, and where they are', async () => {
    const path = file(`${++number}.ndjson`, '1\nx\n')
    const letters = file(`${++number}.letters`, '')
    const argv = ['-b', cluster().bootstrapServers, '-X', 'allow.auto.create.topics=true', '-t', freshTopic()]
    const { exit, stderr } = await millrace(['produce', ...argv, '--dead-letter', letters, path])
    expect(exit).toBe(3)
    expect(stderr).toMatch(/1 rejected, put into .*\.letters: line 2 of/)
  })

  test('a file that cannot be opened is found before anything is sent', async () => {
    const path = file(`${++number}.txt`, 'a\n')
    const { exit, stdout, stderr } = await millrace([
      'produce',
      '-b',
      'localhost:1',
      '-t',
      'x',
      '--dead-letter',
      join(path, 'inside'),
      path,
    ])
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
    expect(stderr).toMatch(/dead letters cannot be opened/)
  })

  test.skipIf(!existsSync('/dev/full'))(
    'row 28: no space for them: the load stops, accounted for',
    async () => {
      const many = Array.from({ length: 60_000 }, (_, n) => (n === 5 ? 'x\n' : `${n}\n`)).join('')
      const { exit, stderr, account } = await produce(many, ['--dead-letter', '/dev/full'])
      expect({ exit, account }).toMatchObject({
        exit: 4,
        account: { rejected: 0, failed: 0, unsent: 1, error: { code: 'DEAD_LETTERS_UNWRITABLE' } },
      })
      expect(account.read).toBe(account.sent + account.unsent)
      expect(account.read).toBeLessThan(60_000)
      expect(stderr).toMatch(/ENOSPC/)
    },
  )
})
