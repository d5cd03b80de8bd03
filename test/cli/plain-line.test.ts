import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { readLine } from '../../src/cli/full-line.ts'
import { type CommandLine, commandLineOf } from '../../src/cli/options.ts'
import { readPlainLine } from '../../src/cli/plain-line.ts'

const lines = new Map<string, CommandLine>()
for (const entry of commands) lines.set(entry.name, commandLineOf(await entry.load()))

const plain = (words: readonly string[]) => readPlainLine(lines.get(words[0] ?? '') as CommandLine, words)

/** What yargs makes of them; undefined where it complains, or has help to show. */
async function full(words: readonly string[]): Promise<unknown> {
  try {
    const understood = await readLine(words)
    if (understood.shown !== undefined) return undefined
    const { $0, ...rest } = understood.words
    return rest
  } catch {
    return undefined
  }
}

/** Words that mean something to the command, in any order, and some that do not. */
function wordsOf(name: string): fc.Arbitrary<string[]> {
  const options = Object.entries(lines.get(name)?.options ?? {})
  const flags = options.flatMap(([option, { alias = [] }]) =>
    [option, alias].flat().map(each => (each.length === 1 ? `-${each}` : `--${each}`)),
  )
  const choices = options.flatMap(([, settings]) => settings.choices ?? [])
  const value = fc.oneof(
    fc.constantFrom(
      ...choices,
      'x',
      '007',
      '-5',
      '-',
      '',
      'a=b',
      'a.b',
      '1e3',
      'true',
      'false',
      '1,2',
      'help',
    ),
    fc.string({ maxLength: 4 }),
  )
  const word = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...flags) },
    { weight: 3, arbitrary: value },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(...flags), value).map(([flag, text]) => `${flag}=${text}`),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '--',
        '-h',
        '--version',
        '--no-json',
        '--jsn',
        '-tx',
        '-qb',
        '--createTopic',
        name,
      ),
    },
  )
  return fc.array(word, { maxLength: 7 }).map(words => [name, ...words])
}

describe('a plain command line is read as yargs reads it, or left to yargs', () => {
  test.each([...lines.keys()])('%s', async name => {
    await fc.assert(
      fc.asyncProperty(wordsOf(name), async words => {
        const read = plain(words)
        if (read !== undefined) expect(read).toEqual(await full(words))
      }),
      { numRuns: 60 },
    )
  })
})

test('help before a -- of its own is left to yargs', () => {
  expect(plain(['verify', 'help', '--', '--'])).toBeUndefined()
})

describe('needs no yargs', () => {
  const cases: readonly [line: string, part: Record<string, unknown>][] = [
    ['produce -b h:1 -t x data.txt', { brokers: 'h:1', topic: 'x', _: ['produce', 'data.txt'], json: false }],
    ['produce --bootstrap-server h:1 -t x -', { brokers: 'h:1', _: ['produce', '-'] }],
    ['produce -X a=b --set c=d=e -H x=1 -t x', { set: ['a=b', 'c=d=e'], header: ['x=1'] }],
    ['produce -t x -t y', { topic: ['x', 'y'] }],
    ['produce -t x --create-topic= 1e3', { 'create-topic': '', _: ['produce', '1e3'] }],
    ['produce -t x --rate=1e3 -- --json -b', { topic: 'x', rate: '1e3', _: ['produce', '--json', '-b'] }],
    ['produce --json --no-receipt -t 12', { json: true, 'no-receipt': true, topic: '12' }],
    ['read -b h:1 -t x --from -5 -n 10', { from: '-5', count: '10' }],
    ['bench --api send,batch --ceiling', { api: 'send,batch', ceiling: true }],
    ['cluster --topic a:4 --topic b --json', { topic: ['a:4', 'b'], json: true }],
  ]
  test.each(cases)('%s', async (line, part) => {
    const words = line.split(' ')
    const read = plain(words)
    expect(read).toMatchObject(part)
    expect(read).toEqual(await full(words))
  })
})

test.each([
  'produce --help',
  'produce -h',
  'produce -t x help',
  'produce --version',
  'produce --topci x',
  'produce -t',
  'produce -t x --format xml',
  'produce -t x --no-json',
  'read -b h:1',
])('is left to yargs: %s', line => {
  expect(plain(line.split(' '))).toBeUndefined()
})

describe('a file that is called help', () => {
  const asLoad = (line: string) => {
    const words = line.split(' ')
    return readPlainLine(lines.get('produce') as CommandLine, words, true)?._
  }

  test.each([
    ['produce -t x help', ['produce', 'help']],
    ['produce -t x data.txt help', ['produce', 'data.txt', 'help']],
  ])('%s: is loaded', (line, expected) => {
    expect(asLoad(line)).toEqual(expected)
  })

  test('alone behind the command it is a question', () => {
    expect(asLoad('produce help')).toBeUndefined()
  })
})
