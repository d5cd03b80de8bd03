import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import {
  ChunkRing,
  type MessageBlock,
  openInputs,
  type ReadOptions,
  readRecords,
} from '../../src/input/index.ts'
import { kept } from '../../src/load/kept.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-kept-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Key, value and header values of each message. */
function textsOf({ bytes, ranges, keys, details, count }: MessageBlock): unknown[] {
  const text = (from: Buffer, cut: Uint32Array, index: number) =>
    from.toString('latin1', cut[2 * index], cut[2 * index + 1])
  return Array.from({ length: count }, (_, index) => [
    keys === undefined ? null : text(keys.bytes, keys.ranges, index),
    text(bytes, ranges, index),
    details?.[index]?.headers?.map(([, value]) => Buffer.from(value as Uint8Array).toString()),
  ])
}

const SMALL = 500
const LARGE = 40_000

const cases: readonly [what: string, format: 'csv' | 'ndjson', options: ReadOptions][] = [
  ['values and keys as they stand', 'csv', { keyField: 'id' }],
  ['values of their own, keys as they stand', 'csv', { keyField: 'id', csvValues: 'json' }],
  ['values of their own, headers as they stand', 'csv', { csvValues: 'json', headerFields: [['h', 'id']] }],
  ['unescaped values, keys as they stand', 'ndjson', { keyField: 'id', valueField: 'name' }],
  ['values as they stand, unescaped keys', 'ndjson', { keyField: 'name', valueField: 'id' }],
]

describe.each([
  ['much that is held', LARGE],
  ['little that is copied', SMALL],
])('memory that is read into again leaves what is kept alone: %s', (_, records) => {
  test.each(cases)('%s', async (_, format, options) => {
    const rows = Array.from({ length: records }, (_, n) => {
      const id = String(n).padStart(8, '0')
      return format === 'csv' ? `${id},name of ${n}` : `{"id":"${id}","name":"\\u0041 \\"name\\" of ${n}"}`
    })
    const path = join(folder, `rows.${format}`)
    writeFileSync(path, `${[...(format === 'csv' ? ['id,name'] : []), ...rows].join('\n')}\n`)
    const [input] = openInputs([path], { stdin: process.stdin })
    const ring = new ChunkRing()
    const found: { held: ReturnType<typeof kept>; texts: unknown[] }[] = []
    for await (const block of readRecords(input as never, { format, ...options }, ring)) {
      const held = kept(block, ring)
      if (held.memory !== undefined) ring.hold(held.memory)
      found.push({ held, texts: textsOf(held.block) })
    }
    for (let n = 0; n < 2 * found.length + 4; n++) ring.take(600_000).fill(0)
    for (const { held, texts } of found) {
      // a difference of thousands of records is not worth showing
      expect(isDeepStrictEqual(textsOf(held.block), texts)).toBe(true)
    }
  })
})
