import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { loadAddon } from '../../src/engine/binding.ts'
import { borrowableMemory, borrowing, COPIED, IF_LENT, VOUCHED_FOR } from '../../src/engine/borrow.ts'
import { ChunkRing, openInputs, readRecords } from '../../src/input/index.ts'

const PAGE = 65_536

const { lentBlocks, lend } = loadAddon().binding

test.each([1, PAGE, 9 * PAGE + 1, 100_000])('%i bytes of memory are a block that the addon lends', bytes => {
  const before = lentBlocks()
  const memory = borrowableMemory(bytes)
  expect(lentBlocks()).toBe(before + 1)
  expect(memory).toHaveLength(bytes)
  expect(memory.byteOffset).toBe(0)
  memory.fill(7)
  expect(memory.every(byte => byte === 7)).toBe(true)
})

test('no memory is memory as well', () => {
  expect(borrowableMemory(0)).toHaveLength(0)
})

test.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 40])(
  'the addon lends no %d bytes',
  bytes => {
    expect(lend(bytes)).toBe(null)
  },
)

test('it wants to be told how many', () => {
  expect(() => lend('1' as never)).toThrow(TypeError)
})

test('memory of a program may be read where it is, and cannot be transferred from then on', () => {
  const memory = new Uint8Array(PAGE + 1)
  expect(borrowing(memory, 1)).toBe(VOUCHED_FOR)
  try {
    structuredClone(memory.buffer, { transfer: [memory.buffer] })
  } catch {
    // later Nodes say so, earlier ones copy
  }
  expect(memory).toHaveLength(PAGE + 1)
})

test.each([
  ['of whole pages: it could be of WebAssembly', () => new Uint8Array(PAGE)],
  ['that is shared', () => new Uint8Array(new SharedArrayBuffer(PAGE + 1))],
  [
    'that can be resized',
    () => new Uint8Array(new (ArrayBuffer as Resizable)(PAGE + 1, { maxByteLength: 2 * PAGE })),
  ],
])('nobody vouches for memory %s', (_, make) => {
  expect(borrowing(make(), 1)).toBe(IF_LENT)
})

type Resizable = new (bytes: number, options: { maxByteLength: number }) => ArrayBuffer

test.each([
  ['many small values of a large frame', 100_000, 10_000, VOUCHED_FOR],
  ['few large values', 2560, 10, VOUCHED_FOR],
  ['few small ones', 2559, 10, COPIED],
])('%s', (_, bytes, values, expected) => {
  expect(borrowing(new Uint8Array(bytes), values)).toBe(expected)
})

/** Without those that were given up, and are only not collected yet: that takes some turns. */
async function blocksInUse(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let calm = 0, last = -1; calm < 5; calm++) {
    collect()
    await turn()
    if (lentBlocks() !== last) calm = 0
    last = lentBlocks()
  }
  return lentBlocks()
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-borrow-'))
afterAll(() => rmSync(folder, { recursive: true }))

test.each(['lines.txt', 'lines.txt.gz'])('what is read of %s lies in memory that is lent', async name => {
  const text = Array.from({ length: 30_000 }, (_, n) => `${n} ${'x'.repeat(60)}`).join('\n')
  const path = join(folder, name)
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text)
  const [input] = openInputs([path], { stdin: Readable.from([]) })
  const before = await blocksInUse()
  const found = new Set<ArrayBufferLike>()
  // all are held, so that none is given back meanwhile
  for await (const { bytes } of readRecords(input!, {}, new ChunkRing())) found.add(bytes.buffer)
  expect(found.size).toBeGreaterThan(1)
  expect(lentBlocks() - before).toBeGreaterThanOrEqual(found.size)
})
