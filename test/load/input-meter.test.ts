import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type Input, openInputs, openPart, readRecords, Splitter } from '../../src/input/index.ts'
import { InputMeter } from '../../src/load/input-meter.ts'
import { useFiles } from '../cli/harness.ts'

const file = useFiles()
const open = (path: string) => openInputs([path], { stdin: undefined as never })[0] as Input
const text = Array.from({ length: 100_000 }, (_, n) => `line ${n}\n`).join('')

async function metered(input: Input, packed: boolean): Promise<number[]> {
  const meter = new InputMeter(input, packed)
  const parts: number[] = []
  for await (const { records } of readRecords(meter.input)) parts.push(meter.upTo(records.endByte))
  return parts
}

test.each([
  ['a plain file', 'plain.txt', Buffer.from(text), false],
  ['a packed file, in its own bytes', 'packed.txt.gz', gzipSync(text), true],
])('%s: what is told comes to its size, bit by bit', async (_name, name, content, packed) => {
  const parts = await metered(open(file(name, content)), packed)
  expect(parts.reduce((sum, bytes) => sum + bytes, 0)).toBe(content.length)
  expect(parts.length).toBeGreaterThan(1)
  expect(Math.min(...parts)).toBeGreaterThanOrEqual(0)
})

test('a part of a file: its own bytes only', async () => {
  const input = open(file('parts.txt', text))
  const splitter = (await Splitter.of(input, {})) as Splitter
  const first = await splitter.part(0, 400_000)
  const second = await splitter.part(first.end as number, 10_000_000)
  const sums = await Promise.all(
    [first, second].map(async part => (await metered(openPart(part), false)).reduce((a, b) => a + b, 0)),
  )
  expect(sums).toEqual([first.end, text.length - (first.end as number)])
})
