import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { MillraceError } from '../../src/errors.ts'
import { type Input, openInputs } from '../../src/input/index.ts'
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
  for await (const { input } of sourcesOf(allOf(files(contents)), read)) texts.push(await textOf(input))
  expect(texts).toEqual(contents)
})

test('one that cannot be read fails in its turn, after those before it were read', async () => {
  const inputs = files(['a', 'b', 'c'])
  rmSync(inputs[1]?.name as string)
  const texts: string[] = []
  const all = (async () => {
    for await (const { input } of sourcesOf(allOf(inputs), read)) texts.push(await textOf(input))
  })()
  const error = await all.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(MillraceError)
  expect(error).toMatchObject({ code: 'INPUT_UNREADABLE' })
  expect(texts).toEqual(['a'])
})

test.skipIf(process.platform !== 'linux')('whoever leaves early leaves no file open', async () => {
  const inputs = files(Array.from({ length: 40 }, (_, index) => `${index}`))
  const sources = sourcesOf(allOf(inputs), read)
  const first = await sources.next()
  expect(await textOf((first.value as { input: Input }).input)).toBe('0')
  // given, but never begun
  await sources.next()
  await vi.waitUntil(() => open().length > 0)
  await sources.return(undefined)
  await vi.waitUntil(() => open().length === 0)
})
