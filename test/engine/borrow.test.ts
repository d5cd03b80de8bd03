import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { borrowable, borrowableMemory } from '../../src/engine/borrow.ts'
import { ChunkRing, openInputs, readRecords } from '../../src/input/index.ts'

const PAGE = 65_536

test.each([PAGE, 9 * PAGE, 9 * PAGE + 1, 100_000])('memory of %i bytes may be borrowed', bytes => {
  const memory = borrowableMemory(bytes)
  expect(memory).toHaveLength(bytes)
  expect(borrowable(memory, 1)).toBe(true)
})

test('memory of whole pages may not: it could be that of WebAssembly', () => {
  expect(borrowable(new Uint8Array(PAGE), 1)).toBe(false)
})

test.each([
  ['many small values of a large frame', 100_000, 10_000, true],
  ['few large values', 2560, 10, true],
  ['few small ones', 2559, 10, false],
])('%s', (_, bytes, values, expected) => {
  expect(borrowable(borrowableMemory(bytes), values)).toBe(expected)
})

const folder = mkdtempSync(join(tmpdir(), 'millrace-borrow-'))
afterAll(() => rmSync(folder, { recursive: true }))

test.each(['lines.txt', 'lines.txt.gz'])('what is read of %s may be borrowed', async name => {
  const text = Array.from({ length: 30_000 }, (_, n) => `${n} ${'x'.repeat(60)}`).join('\n')
  const path = join(folder, name)
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text)
  const [input] = openInputs([path], { stdin: Readable.from([]) })
  const found: boolean[] = []
  for await (const { bytes, count } of readRecords(input!, {}, new ChunkRing())) {
    if (bytes.length >= PAGE) found.push(borrowable(bytes, count))
  }
  expect(found.length).toBeGreaterThan(1)
  expect(found).not.toContain(false)
})
