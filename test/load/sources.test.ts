import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { MillraceError } from '../../src/errors.ts'
import { type Input, openInputs, originOf, type ReadOptions } from '../../src/input/index.ts'
import type { Bundle, Source } from '../../src/load/feed.ts'
import { sourcesOf } from '../../src/load/sources.ts'
import { allOf } from '../../src/load/stretch.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-sources-'))
afterAll(() => rmSync(folder, { recursive: true }))

function files(contents: readonly string[]): Input[] {
  const paths = contents.map((content, index) => {
    const path = join(mkdtempSync(join(folder, 'f')), `${index}.txt`)
    writeFileSync(path, content)
    return path
  })
  return [...openInputs(paths, { stdin: process.stdin })]
}

function inputOf(source: Source | Bundle): Input {
  if ('block' in source) throw new Error('a bundle that was not asked for')
  return source.input
}

/** What comes, in its order: of a bundle its messages and where each stands, of others the name. */
async function together(inputs: readonly Input[], options: ReadOptions = {}) {
  const found: unknown[] = []
  for await (const source of sourcesOf(allOf(inputs), () => options, true)) {
    if (!('block' in source)) {
      found.push(source.place.input)
      continue
    }
    const { block, ranges, sources } = source
    const { bytes, keys, records } = block
    const messages = Array.from({ length: block.count }, (_, index) => {
      const { input, line, byte } = originOf(records, index)
      const text = (from: Buffer, cut: Uint32Array) =>
        from.toString('utf8', cut[2 * index], cut[2 * index + 1])
      const key = keys === undefined ? [] : [text(keys.bytes, keys.ranges)]
      return [inputs.findIndex(({ name }) => name === input), line, byte, ...key, text(bytes, block.ranges)]
    })
    const alone = await Promise.all(sources.map(async one => [one.place.input, await textOf(one.input)]))
    found.push({ messages, ranges, blank: records.blank, alone })
  }
  return found
}

async function textOf(input: Input): Promise<string> {
  let text = ''
  for await (const { memory, start } of input.chunks()) text += memory.toString('utf8', start)
  return text
}

/** Those of our files that this process has open. */
function open(): string[] {
  return readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(folder) ? [path] : []
    } catch {
      return []
    }
  })
}

const read = () => ({})

test('small and large inputs come in their order, whole', async () => {
  const large = 'x'.repeat(700_000)
  const contents = Array.from({ length: 60 }, (_, index) => (index % 20 === 7 ? large + index : `${index}`))
  const texts: string[] = []
  for await (const source of sourcesOf(allOf(files(contents)), read, false))
    texts.push(await textOf(inputOf(source)))
  expect(texts).toEqual(contents)
})

test('one that cannot be read fails in its turn, after those before it were read', async () => {
  const inputs = files(['a', 'b', 'c'])
  rmSync(inputs[1]?.name as string)
  const texts: string[] = []
  const all = (async () => {
    for await (const source of sourcesOf(allOf(inputs), read, false))
      texts.push(await textOf(inputOf(source)))
  })()
  const error = await all.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(MillraceError)
  expect(error).toMatchObject({ code: 'INPUT_UNREADABLE' })
  expect(texts).toEqual(['a'])
})

test.skipIf(process.platform !== 'linux')('whoever leaves early leaves no file open', async () => {
  const inputs = files(Array.from({ length: 40 }, (_, index) => `${index}`))
  // packed ones are read one by one
  const sources = sourcesOf(allOf(inputs), () => ({ decompress: 'gzip' }), false)
  const first = await sources.next()
  expect(await textOf(inputOf(first.value as Source))).toBe('0')
  // given, but never begun
  await sources.next()
  await vi.waitUntil(() => open().length > 0)
  await sources.return(undefined)
  await vi.waitUntil(() => open().length === 0)
})

test('small files come together, each record where it stands', async () => {
  const inputs = files(['a\n\nb\n', '', '\ufeffc', '\n', 'd\r\ne'])
  expect(await together(inputs, { skipBlank: true })).toEqual([
    {
      messages: [
        [0, 1, 0, 'a'],
        [0, 3, 3, 'b'],
        [2, 1, 3, 'c'],
        [4, 1, 0, 'd'],
        [4, 2, 3, 'e'],
      ],
      ranges: [
        [0, 0, 5],
        [1, 0, 0],
        [2, 0, 4],
        [3, 0, 1],
        [4, 0, 4],
      ],
      blank: 2,
      alone: [
        [0, 'a\n\nb\n'],
        [1, ''],
        [2, '\ufeffc'],
        [3, '\n'],
        [4, 'd\r\ne'],
      ],
    },
  ])
})

test('keys are those of each file', async () => {
  const found = await together(files(['a:1\nb:2', 'c:3']), { keyDelimiter: Buffer.from(':') })
  const messages = [
    [0, 1, 0, 'a', '1'],
    [0, 2, 4, 'b', '2'],
    [1, 1, 0, 'c', '3'],
  ]
  expect(found).toMatchObject([{ messages }])
})

test('what is bad, gone, longer or shorter by now, or large comes alone, in its turn', async () => {
  const inputs = files(['a:1', 'bad', 'b:2', 'c:3', 'd:4', 'e:5', `${'x:'.repeat(100_000)}`, 'f:6'])
  rmSync(inputs[3]?.name as string)
  writeFileSync(inputs[4]?.name as string, 'd:44')
  writeFileSync(inputs[5]?.name as string, 'e')
  const found = await together(inputs, { keyDelimiter: Buffer.from(':') })
  const one = (index: number) => ({ ranges: [[index, 0, 3]] })
  expect(found).toMatchObject([one(0), 1, one(2), 3, 4, 5, 6, one(7)])
})

test('a pipe that stands where a small file stood is read once, by whoever reads it alone', async () => {
  const inputs = files(['a\n', 'file\n', 'b\n'])
  const path = inputs[1]?.name as string
  rmSync(path)
  execFileSync('mkfifo', [path])
  const writer = spawn('sh', ['-c', `printf 'pipe\\n' > '${path}'`])
  // it waits for a reader; nobody else is to be one for a moment
  const found: string[] = []
  for await (const source of sourcesOf(allOf(inputs), () => ({}), true)) {
    if ('block' in source) found.push('together')
    else {
      await new Promise(resolve => setTimeout(resolve, 100))
      expect(writer.exitCode).toBe(null)
      found.push(await textOf(source.input))
    }
  }
  expect(found).toEqual(['together', 'pipe\n', 'together'])
})

test('no more records come together than a block has', async () => {
  const inputs = files(['a\n'.repeat(6000), 'b\n'.repeat(4000), 'c\n'.repeat(10_001), 'd\n'])
  const found = await together(inputs)
  expect(found).toMatchObject([
    {
      ranges: [
        [0, 0, 12_000],
        [1, 0, 8000],
      ],
    },
    2,
    { ranges: [[3, 0, 2]] },
  ])
})

test('records that say where they go come alone', async () => {
  const inputs = files(['{"t":"a"}\n', '{"t":"b"}\n'])
  expect(await together(inputs, { format: 'ndjson', topicField: 't' })).toEqual([0, 1])
})
