import {
  appendFileSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type ReceiptLine, readReceipt } from '../../src/load/receipt/format.ts'
import { ReceiptFile } from '../../src/load/receipt/receipt-file.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'
import { freshTopic, useEmbeddedCluster } from '../support/cluster.ts'
import { type HarnessOptions, millrace, start, useFiles } from './harness.ts'

const cluster = useEmbeddedCluster()
const file = useFiles()
let number = 0

interface Account {
  readonly loadId: string
  readonly read: number
  readonly sent: number
  readonly skipped: number
  readonly rejected: number
  readonly delivered: number
  readonly failed: number
  readonly unsent: number
  readonly alreadyDone: number
  readonly receipt: string | null
  readonly error: { readonly code: string } | null
}

/** Lines `first` to `last` (exclusive), with a key of its own for every tenth. */
const lines = (first: number, last: number, mark = '') =>
  Array.from({ length: last - first }, (_, n) => `k${(first + n) % 10}:${mark}${first + n}\n`).join('')

/** A file with a name of its own: beside it stands its receipt. */
const fresh = (content: string | Buffer, ending = 'txt') => file(`${++number}.${ending}`, content)

async function topicOf(partitions = 2): Promise<string> {
  const topic = freshTopic()
  await cluster().createTopic(topic, { partitions })
  return topic
}

function argv(topic: string, more: readonly string[], brokers = cluster().bootstrapServers): string[] {
  return ['produce', '--json', '-K', ':', '-b', brokers, '-t', topic, ...more]
}

async function load(topic: string, more: readonly string[], options: HarnessOptions = {}) {
  const { exit, stdout, stderr } = await millrace(argv(topic, more), options)
  const account = JSON.parse(stdout) as Account
  const { read, sent, skipped, rejected, delivered, failed, unsent, alreadyDone } = account
  expect(read).toBe(sent + skipped + rejected + unsent + alreadyDone)
  expect(sent).toBe(delivered + failed)
  return { exit, account, stderr }
}

/** Of each partition in turn, by offset. */
async function values(topic: string): Promise<string[]> {
  const messages = await cluster().readAll(topic)
  messages.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  return messages.map(({ value }) => String(value))
}

const sorted = (list: readonly string[]) => [...list].sort((a, b) => Number(a) - Number(b))
const numbers = (count: number) => Array.from({ length: count }, (_, n) => `${n}`)

async function refusal(topic: string, more: readonly string[], brokers?: string) {
  const { exit, stdout } = await millrace(argv(topic, more, brokers))
  return { exit, ...(JSON.parse(stdout) as { error: { code: string; message: string } }).error }
}

async function linesOf(path: string): Promise<ReceiptLine[]> {
  const found: ReceiptLine[] = []
  await readReceipt(path, line => found.push(line))
  return found
}

describe('a receipt', () => {
  test('stands beside the first file, and names what was delivered', async () => {
    const topic = await topicOf()
    const path = fresh(lines(0, 100))
    const { exit, account } = await load(topic, [path])
    expect(exit).toBe(0)
    expect(account.receipt).toBe(`${path}.receipt`)
    const { header } = await readReceipt(`${path}.receipt`, () => {})
    expect(header).toMatchObject({
      loadId: account.loadId,
      embedded: false,
      clusterId: expect.any(String),
      inputs: [{ path, size: statSync(path).size, compression: null }],
      topics: [{ topic, partitions: 2 }],
      options: { topic, keyDelimiter: ':' },
    })
    const [chunk] = (await linesOf(`${path}.receipt`)).filter(line => 'chunk' in line)
    const messages = await cluster().readAll(topic)
    expect(chunk).toMatchObject({
      read: 100,
      delivered: 100,
      ends: [0],
      ranges: [[0, 0, statSync(path).size]],
    })
    const told = chunk?.offsets.flatMap(([topic, partition, runs]) =>
      runs.flatMap(([first, last]) =>
        Array.from({ length: last - first + 1 }, (_, n) => `${topic} ${partition} ${first + n}`),
      ),
    )
    expect(told?.sort()).toEqual(
      messages.map(({ partition, offset }) => `${topic} ${partition} ${offset}`).sort(),
    )
  })

  test('of many small files has no chunk for each', async () => {
    const topic = await topicOf()
    const paths = Array.from({ length: 60 }, (_, n) => fresh(lines(n * 10, n * 10 + 10)))
    for (const threads of ['1', '3']) {
      const receipt = fresh('')
      rmSync(receipt)
      const { exit } = await load(topic, ['--receipt', receipt, '--threads', threads, ...paths])
      expect(exit).toBe(0)
      expect((await linesOf(receipt)).length).toBeLessThan(10)
    }
  })

  test('is not written where none is wanted, and not of its own where there is no file', async () => {
    const topic = await topicOf()
    const path = fresh(lines(0, 10))
    expect((await load(topic, [path, '--no-receipt'])).account.receipt).toBeNull()
    expect(existsSync(`${path}.receipt`)).toBe(false)
    expect((await load(topic, [], { stdin: lines(0, 10) })).account.receipt).toBeNull()
    const { exit, stdout } = await millrace(['produce', '--json', '--embedded', '-t', topic, path])
    expect({ exit, receipt: JSON.parse(stdout).receipt }).toEqual({ exit: 0, receipt: null })
  })

  test('of a load that could not deliver anything is taken away again', async () => {
    const topic = await topicOf()
    const path = fresh('no key\n')
    const { exit, account } = await load(topic, [path])
    expect({ exit, receipt: account.receipt }).toEqual({ exit: 4, receipt: null })
    expect(existsSync(`${path}.receipt`)).toBe(false)
  })

  test('is told to people, with what to do', async () => {
    const topic = await topicOf()
    const path = fresh(`${lines(0, 10)}no key\n`)
    const human = argv(topic, [path]).filter(word => word !== '--json')
    const { exit, stderr } = await millrace(human)
    expect(exit).toBe(4)
    expect(stderr).toContain(`receipt: ${path}.receipt; the same line with --resume goes on`)
  })
})

describe('a load goes on where it was left', () => {
  const packings: readonly [string, string, (text: string) => string | Buffer][] = [
    ['a file', 'txt', text => text],
    ['a packed file', 'txt.gz', text => gzipSync(text)],
  ]
  for (const [name, ending, pack] of packings) {
    test.each(['1', '3'])(`${name}, %s threads`, async threads => {
      const topic = await topicOf(1)
      const path = fresh(pack(lines(0, 30_000)), ending)
      const first = await load(topic, [path, '--limit', '7000', '--threads', threads])
      expect(first.account).toMatchObject({ read: 7000, delivered: 7000, alreadyDone: 0 })
      const second = await load(topic, [path, '--resume', '--limit', '9000', '--threads', threads])
      expect(second.account).toMatchObject({ read: 9000, alreadyDone: 7000, loadId: first.account.loadId })
      const third = await load(topic, [path, '--resume', '--threads', threads])
      expect(third).toMatchObject({
        exit: 0,
        account: { read: 30_000, alreadyDone: 9000, delivered: 21_000 },
      })
      if (ending === 'txt.gz') expect(third.stderr).toMatch(/unpacked again up to where/)
      const log = await values(topic)
      expect(sorted(log)).toEqual(numbers(30_000))
      if (threads === '1' || ending === 'txt.gz') expect(log).toEqual(numbers(30_000))
      const fourth = await load(topic, [path, '--resume', '--threads', threads])
      expect(fourth).toMatchObject({ exit: 0, account: { read: 30_000, alreadyDone: 30_000, sent: 0 } })
    })
  }

  test('every format and many files, with more threads and producers than before', async () => {
    const topic = await topicOf(1)
    const csv = (from: number, to: number) =>
      `id,note\n${Array.from({ length: to - from }, (_, n) => `${from + n},"a\nb"\n`).join('')}`
    const frames = (from: number, to: number) =>
      Buffer.concat(
        Array.from({ length: to - from }, (_, n) => {
          const text = Buffer.from(`${from + n}`)
          const size = Buffer.alloc(4)
          size.writeUInt32BE(text.length)
          return Buffer.concat([size, text])
        }),
      )
    const sets: readonly [readonly string[], readonly string[], RegExp][] = [
      [[], [fresh(csv(0, 300), 'csv'), fresh(gzipSync(csv(300, 500)), 'csv.gz')], /^(\d+),/],
      [
        ['--format', 'length-prefixed'],
        [fresh(frames(0, 200)), fresh(gzipSync(frames(200, 500)), 'x.gz')],
        /^(\d+)/,
      ],
    ]
    for (const [options, paths, shown] of sets) {
      const own = await topicOf(1)
      const run = (more: readonly string[]) =>
        millrace([
          'produce',
          '--json',
          '-b',
          cluster().bootstrapServers,
          '-t',
          own,
          ...options,
          ...paths,
          ...more,
        ])
      for (const limit of ['1', '137', '301']) {
        const { exit, stderr } = await run(['--limit', limit, ...(limit === '1' ? [] : ['--resume'])])
        expect({ exit, stderr }).toMatchObject({ exit: 0 })
      }
      const { exit } = await run(['--resume', '--threads', '2', '--producers', '2'])
      expect(exit).toBe(0)
      const log = (await values(own)).map(value => shown.exec(value)?.[1] ?? value)
      expect(sorted(log)).toEqual(numbers(500))
    }
    expect(topic).not.toBe('')
  })

  test('standard input is read again, and what was sent of it is passed over', async () => {
    const topic = await topicOf(1)
    const receipt = fresh('')
    rmSync(receipt)
    const stdin = lines(0, 20_000)
    const first = await load(topic, ['--receipt', receipt, '--limit', '12345'], { stdin })
    expect(first.account).toMatchObject({ delivered: 12_345, receipt })
    const other = stdin.replace('k7:777\n', 'k7:778\n')
    const refused = await load(topic, ['--receipt', receipt, '--resume'], { stdin: other })
    expect(refused).toMatchObject({ exit: 2, account: { sent: 0, error: { code: 'RECEIPT_UNFIT' } } })
    const short = await load(topic, ['--receipt', receipt, '--resume'], { stdin: lines(0, 100) })
    expect(short).toMatchObject({ exit: 2, account: { sent: 0, error: { code: 'RECEIPT_UNFIT' } } })
    const { exit, account, stderr } = await load(topic, ['--receipt', receipt, '--resume'], { stdin })
    expect({ exit, ...account }).toMatchObject({
      exit: 0,
      alreadyDone: 12_345,
      delivered: 7655,
      read: 20_000,
    })
    expect(stderr).toMatch(/passed over/)
    expect(await values(topic)).toEqual(numbers(20_000))
  })

  test('a load that was interrupted', async () => {
    const topic = await topicOf(1)
    const path = fresh(lines(0, 20_000))
    const running = start(argv(topic, [path, '--rate', '4000']))
    await expect
      .poll(async () => (await cluster().readAll(topic)).length, { timeout: 10_000 })
      .toBeGreaterThan(500)
    running.signal('SIGINT')
    expect(await running.exit).toBe(130)
    const { read, unsent, alreadyDone } = JSON.parse(running.stdout.text) as Account
    const { exit, account } = await load(topic, [path, '--resume'])
    expect(exit).toBe(0)
    expect(account).toMatchObject({ alreadyDone: read - unsent - alreadyDone, read: 20_000 })
    expect(await values(topic)).toEqual(numbers(20_000))
  })

  test('rejected records are not rejected again', async () => {
    const topic = await topicOf(1)
    const path = fresh(`${lines(0, 50)}bad\n${lines(50, 100)}worse\n${lines(100, 150)}`)
    const letters = fresh('')
    const aside = ['--dead-letter', letters]
    const first = await load(topic, [path, ...aside, '--limit', '80'])
    expect(first.account).toMatchObject({ read: 80, delivered: 79, rejected: 1 })
    // as a crash in the middle of a line leaves it
    appendFileSync(letters, '{"topic":')
    const second = await load(topic, [path, ...aside, '--resume'])
    expect(second.account).toMatchObject({ read: 152, alreadyDone: 80, delivered: 71, rejected: 1 })
    const put = readFileSync(letters, 'utf8').trimEnd().split('\n')
    expect(put.map(line => JSON.parse(line).value)).toEqual(['bad', 'worse'])
    expect(await values(topic)).toEqual(numbers(150))
  })

  test('a bad record stopped it: it goes on with another way of dealing with such', async () => {
    const topic = await topicOf(1)
    const path = fresh(`${lines(0, 50)}bad\n${lines(50, 100)}`)
    const first = await load(topic, [path])
    expect(first).toMatchObject({ exit: 4, account: { delivered: 50, rejected: 1 } })
    const second = await load(topic, [path, '--resume', '--on-bad-record', 'skip'])
    expect(second.account).toMatchObject({ read: 101, alreadyDone: 50, rejected: 1, delivered: 50 })
    expect(await values(topic)).toEqual(numbers(100))
  })

  test('blank lines that were left out are counted once', async () => {
    const topic = await topicOf(1)
    const text = lines(0, 60).replaceAll('k3', '\n\nk3')
    const path = fresh(text)
    const skip = [path, '--skip-blank', '--rate', '1000']
    const first = await load(topic, [...skip, '--limit', '33'])
    const second = await load(topic, [...skip, '--resume'])
    expect(first.account.read + second.account.read - second.account.alreadyDone).toBe(72)
    expect(second.account).toMatchObject({ read: 72 })
    expect(await values(topic)).toEqual(numbers(60))
  })

  test('the last line of the receipt was torn', async () => {
    const topic = await topicOf(1)
    const path = fresh(lines(0, 500))
    await load(topic, [path, '--limit', '200'])
    const receipt = `${path}.receipt`
    const whole = readFileSync(receipt)
    appendFileSync(receipt, '0123456789abcdef {"chunk":9')
    const second = await load(topic, [path, '--resume', '--limit', '300'])
    expect(second.stderr).toMatch(/last line of the receipt was not written in whole/)
    expect(second.account).toMatchObject({ alreadyDone: 200, read: 300 })
    // cut in its last whole line: what that told of is sent again
    writeFileSync(receipt, whole.subarray(0, -2))
    const third = await load(topic, [path, '--resume'])
    expect(third.account).toMatchObject({ alreadyDone: 0, read: 500 })
    expect(new Set(await values(topic)).size).toBe(500)
  })

  test('nothing had been written of the receipt: the load begins', async () => {
    const topic = await topicOf(1)
    const path = fresh(lines(0, 100))
    writeFileSync(`${path}.receipt`, '0123456789abcdef {"schema":"mill')
    const { exit, account } = await load(topic, [path, '--resume'])
    expect({ exit, ...account }).toMatchObject({ exit: 0, alreadyDone: 0, delivered: 100 })
    expect(await load(topic, [path, '--resume'])).toMatchObject({ account: { alreadyDone: 100 } })
  })

  test('a file that was touched, but not changed, is told of', async () => {
    const topic = await topicOf(1)
    const path = fresh(lines(0, 100))
    await load(topic, [path, '--limit', '50'])
    utimesSync(path, 1000, 1000)
    const { exit, stderr } = await load(topic, [path, '--resume'])
    expect(exit).toBe(0)
    expect(stderr).toMatch(/was touched since/)
  })
})

describe('is refused, with the reason', () => {
  /** A load of 50 of 100 records. */
  async function begun(content: string | Buffer = lines(0, 100), ending = 'txt') {
    const topic = await topicOf(2)
    const path = fresh(content, ending)
    await load(topic, [path, '--limit', '50'])
    return { topic, path, receipt: `${path}.receipt` }
  }

  test('without --resume, when there is a receipt: both ways out are told', async () => {
    const { topic, path } = await begun()
    expect(await refusal(topic, [path])).toMatchObject({
      exit: 2,
      code: 'RECEIPT_UNFIT',
      message: expect.stringMatching(/already.*--resume.*--no-receipt/),
    })
    const again = await load(topic, [path, '--no-receipt'])
    expect(again.exit).toBe(0)
  })

  const changes: readonly [name: string, change: (path: string) => void, reason: RegExp][] = [
    ['a file has grown', path => appendFileSync(path, 'k:more\n'), /had 590 bytes, and has 597/],
    [
      'a file has other content',
      path => writeFileSync(path, lines(0, 100).replace('k9:99', 'k8:99')),
      /other content/,
    ],
  ]
  test.each(changes)('%s', async (_name, change, reason) => {
    const { topic, path } = await begun()
    change(path)
    expect(await refusal(topic, [path, '--resume'])).toMatchObject({
      exit: 2,
      code: 'RECEIPT_UNFIT',
      message: expect.stringMatching(reason),
    })
  })

  test('other files', async () => {
    const { topic, path, receipt } = await begun()
    const more = fresh('k:1\n')
    const resume = ['--receipt', receipt, '--resume']
    expect((await refusal(topic, [path, more, ...resume])).message).toMatch(/was not among them/)
    expect((await refusal(topic, [more, ...resume])).message).toMatch(/is missing; .* was not among them/)
  })

  const options: readonly [readonly string[], RegExp][] = [
    [['--key', 'x'], /: --key was not given, and is "x"/],
    [['-H', 'a=b'], /: --header was not given/],
    [['--skip-blank'], /--skip-blank/],
    [['-X', 'partitioner=random'], /-X partitioner was "murmur2_random", and is "random"/],
    [['--delimiter', ';'], /--delimiter/],
  ]
  test.each(options)('other options: %j', async (given, reason) => {
    const { topic, path } = await begun('a\nb\n')
    const all = ['produce', '--json', '-b', cluster().bootstrapServers, '-t', topic, path]
    rmSync(`${path}.receipt`, { force: true })
    await millrace([...all, '--limit', '1'])
    const { exit, stdout } = await millrace([...all, '--resume', ...given])
    expect({ exit, ...JSON.parse(stdout).error }).toMatchObject({
      exit: 2,
      code: 'RECEIPT_UNFIT',
      message: expect.stringMatching(reason),
    })
  })

  test('another topic', async () => {
    const { path } = await begun()
    expect((await refusal(await topicOf(), [path, '--resume'])).message).toMatch(/topic was "/)
  })

  // row 27, as far as an embedded cluster can show it
  test('another cluster behind the same name', async () => {
    const { topic, path } = await begun()
    const other = await EmbeddedCluster.start({ topics: { [topic]: 2 } })
    try {
      expect(await refusal(topic, [path, '--resume'], other.bootstrapServers)).toMatchObject({
        exit: 2,
        code: 'RECEIPT_UNFIT',
        message: expect.stringMatching(/went to the cluster .*, and this one is/),
      })
    } finally {
      await other.stop()
    }
  })

  test('what went to an embedded cluster', async () => {
    const path = fresh(lines(0, 100))
    const own = ['produce', '--json', '--embedded', '-t', 'x', path, '--receipt', `${path}.receipt`]
    const first = await millrace([...own, '--limit', '50'])
    expect({ exit: first.exit, receipt: JSON.parse(first.stdout).receipt }).toEqual({
      exit: 0,
      receipt: `${path}.receipt`,
    })
    const { exit, stdout } = await millrace([...own, '--resume'])
    expect({ exit, ...JSON.parse(stdout).error }).toMatchObject({
      exit: 2,
      code: 'RECEIPT_UNFIT',
      message: expect.stringMatching(/embedded cluster, which ended with it/),
    })
  })

  test('a receipt that another load is writing', async () => {
    const { topic, path, receipt } = await begun()
    const other = await ReceiptFile.open(receipt)
    try {
      expect(await refusal(topic, [path, '--resume'])).toMatchObject({
        exit: 2,
        code: 'RECEIPT_UNFIT',
        message: expect.stringMatching(/Another load is writing/),
      })
    } finally {
      await other.close()
    }
    expect((await load(topic, [path, '--resume'])).exit).toBe(0)
  })

  test('what is no receipt, and stays as it is', async () => {
    const topic = await topicOf()
    const path = fresh(lines(0, 10))
    const data = fresh('some data\n')
    const found = await refusal(topic, [path, '--receipt', data, '--resume'])
    expect(found).toMatchObject({ exit: 4, code: 'RECEIPT_UNREADABLE' })
    expect((await refusal(topic, [path, '--receipt', data])).code).toBe('RECEIPT_UNFIT')
    expect(readFileSync(data, 'utf8')).toBe('some data\n')
  })

  test('no receipt to go on with', async () => {
    const topic = await topicOf()
    const found = await refusal(topic, [fresh(lines(0, 10)), '--resume'])
    expect(found).toMatchObject({ exit: 2, message: expect.stringMatching(/There is no receipt/) })
  })

  test('gaps of what can only be read from its beginning', async () => {
    const topic = await topicOf()
    const receipt = fresh('')
    rmSync(receipt)
    await load(topic, ['--receipt', receipt, '--limit', '5'], { stdin: lines(0, 10) })
    const gaps = ['--receipt', receipt, '--resume', '--resume-mode', 'gaps']
    const { exit, stdout } = await millrace(argv(topic, gaps), { stdin: lines(0, 10) })
    expect({ exit, ...JSON.parse(stdout).error }).toMatchObject({
      exit: 2,
      message: expect.stringMatching(/standard input can only be read from its beginning/),
    })
  })

  const contradictions: readonly [readonly string[], RegExp][] = [
    [['--no-receipt', '--resume'], /--no-receipt and --resume/],
    [['--no-receipt', '--receipt', 'x'], /--no-receipt and --receipt/],
    [['--resume-mode', 'gaps'], /--resume-mode was given without --resume/],
    [['--receipt', ''], /--receipt is empty/],
    [['-', '--resume'], /which receipt is meant/],
  ]
  test.each(contradictions)('%j', async (given, reason) => {
    const paths = given.includes('-') ? [] : [fresh('k:1\n')]
    const found = await refusal('none', [...paths, ...given])
    expect(found).toMatchObject({ exit: 2, code: 'USAGE', message: expect.stringMatching(reason) })
  })

  test('a receipt that is an input', async () => {
    const path = fresh('k:1\n')
    expect((await refusal('none', [path, '--receipt', path])).message).toMatch(
      /both an input and the receipt/,
    )
  })

  test('a folder that cannot be written to, before anything was sent', async () => {
    const topic = await topicOf()
    const found = await refusal(topic, [fresh(lines(0, 10)), '--receipt', '/does/not/exist/receipt'])
    expect(found).toMatchObject({ code: 'RECEIPT_FAILED', message: expect.stringMatching(/ENOENT/) })
    expect(await values(topic)).toEqual([])
  })
})
