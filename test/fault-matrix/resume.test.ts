import { existsSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { millrace, useFiles } from '../cli/harness.ts'
import { freshTopic, useEmbeddedCluster } from '../support/cluster.ts'
import { program } from '../support/program.ts'

const cluster = useEmbeddedCluster()
const file = useFiles()

const FILES = 4
const RECORDS = 6000
const RATE = 8000
/** How many times loads are killed; the long form has 50 and more. */
const POINTS = Number(process.env.MILLRACE_KILL_POINTS ?? 4)
const KILLS_A_LOAD = 2

interface Account {
  readonly read: number
  readonly sent: number
  readonly skipped: number
  readonly rejected: number
  readonly unsent: number
  readonly alreadyDone: number
  readonly delivered: number
  readonly error: { readonly code: string } | null
}

function accountOf(stdout: string): Account {
  const account = JSON.parse(stdout) as Account
  const { read, sent, skipped, rejected, unsent, alreadyDone } = account
  expect(read).toBe(sent + skipped + rejected + unsent + alreadyDone)
  return account
}

const text = (index: number) =>
  Array.from({ length: RECORDS }, (_, n) => `${index}:${n} ${'.'.repeat(20)}\n`).join('')

/** Files whose records tell where they stand. */
function inputs(mark: string, packed: boolean): string[] {
  return Array.from({ length: FILES }, (_, index) =>
    packed
      ? file(`${mark}-${index}.txt.gz`, gzipSync(text(index)))
      : file(`${mark}-${index}.txt`, text(index)),
  )
}

async function log(topic: string): Promise<string[]> {
  const messages = await cluster().readAll(topic)
  messages.sort((a, b) => a.offset - b.offset)
  return messages.map(({ value }) => String(value).split(' ')[0] as string)
}

const all = Array.from({ length: FILES }, (_, index) =>
  Array.from({ length: RECORDS }, (_, n) => `${index}:${n}`),
)

/** For each record, whether it came, and where it came last. */
function lastPlaces(found: readonly string[]): Map<string, number> {
  return new Map(found.map((record, place) => [record, place]))
}

const ways: readonly [
  name: string,
  options: readonly string[],
  packed: boolean,
  keepsOrder: 'all' | 'file' | 'none',
][] = [
  ['one thread', [], false, 'all'],
  ['threads and packed files', ['--threads', '3'], true, 'file'],
  ['threads and gaps', ['--threads', '2', '--resume-mode', 'gaps'], false, 'none'],
]

// row 22
describe('a load that is killed at any moment, and resumed', () => {
  const loads = Array.from(
    { length: Math.ceil(POINTS / KILLS_A_LOAD) },
    (_, n) => [n, ...(ways[n % ways.length] as (typeof ways)[number])] as const,
  )

  test.each(loads)('%i: %s', { timeout: 120_000 }, async (number, _name, options, packed, keepsOrder) => {
    const topic = freshTopic()
    await cluster().createTopic(topic, { partitions: 1 })
    const paths = inputs(`kill${number}`, packed)
    const receipt = `${paths[0]}.receipt`
    const argv = ['produce', '--json', '-b', cluster().bootstrapServers, '-t', topic, ...paths]
    const first = options.filter(option => option !== '--resume-mode' && option !== 'gaps')
    for (let kill = 0; kill < KILLS_A_LOAD; kill++) {
      const resuming = kill > 0 ? ['--resume', ...options] : first
      const { child, ended } = program([...argv, ...resuming, '--rate', `${RATE}`])
      await expect.poll(() => existsSync(receipt), { timeout: 20_000, interval: 5 }).toBe(true)
      await sleep(Math.random() * 1.2 * ((1000 * FILES * RECORDS) / RATE / KILLS_A_LOAD))
      child.kill('SIGKILL')
      await ended
    }
    const { exit, stdout, stderr } = await millrace([...argv, '--resume', ...options])
    expect({ exit, stderr }).toMatchObject({ exit: 0 })
    expect(accountOf(stdout).read).toBe(FILES * RECORDS)
    const places = lastPlaces(await log(topic))
    expect(all.flat().filter(record => !places.has(record))).toEqual([])
    expect(places.size).toBe(FILES * RECORDS)
    const ordered = keepsOrder === 'all' ? [all.flat()] : keepsOrder === 'file' ? all : []
    for (const records of ordered) {
      const last = records.map(record => places.get(record) as number)
      expect(last.findIndex((place, n) => n > 0 && place < (last[n - 1] as number))).toBe(-1)
    }
    const again = await millrace([...argv, '--resume'])
    expect(accountOf(again.stdout)).toMatchObject({ alreadyDone: FILES * RECORDS, sent: 0 })
  })
})

// row 28
test('no space left for the receipt: the load stops, accounted for, and goes on later', {
  timeout: 60_000,
}, async ctx => {
  const topic = freshTopic()
  await cluster().createTopic(topic, { partitions: 1 })
  const paths = inputs('space', false)
  const receipt = `${paths[0]}.receipt`
  rmSync(receipt, { force: true })
  const argv = ['produce', '--json', '-b', cluster().bootstrapServers, '-t', topic, ...paths]
  // 2 KiB hold the header, and a line or two
  const { ended } = program([...argv, '--rate', '3000'], { limit: 'ulimit -f 2 || exit 99' })
  const { exit, stdout, stderr } = await ended
  if (exit === 99) return ctx.skip('the size of files cannot be limited here')
  expect({ exit, stderr }).toEqual({
    exit: 4,
    stderr: expect.stringMatching(/receipt .* cannot be written.*EFBIG/),
  })
  const account = accountOf(stdout)
  expect(account).toMatchObject({ error: { code: 'RECEIPT_FAILED' }, unsent: 0 })
  expect(account.delivered).toBeLessThan(FILES * RECORDS)
  expect(await log(topic)).toHaveLength(account.delivered)
  const resumed = await millrace([...argv, '--resume'])
  expect(resumed.exit).toBe(0)
  expect(accountOf(resumed.stdout).alreadyDone).toBeGreaterThan(0)
  expect(lastPlaces(await log(topic)).size).toBe(FILES * RECORDS)
})
