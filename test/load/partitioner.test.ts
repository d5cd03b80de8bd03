import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { murmur2, partitionOfKey } from '../../src/load/partitioner.ts'

interface Golden {
  readonly partitionCounts: readonly number[]
  readonly rows: readonly { readonly key: string; readonly partitions: readonly number[] }[]
}

const golden = JSON.parse(
  readFileSync(new URL('../golden/partitions.json', import.meta.url), 'utf8'),
) as Golden

test("partitions are the Java client's, wherever in the bytes a key stands", () => {
  for (const { key, partitions } of golden.rows) {
    const bytes = Buffer.from(key, 'base64')
    const within = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('behind')])
    const found = golden.partitionCounts.map(count => partitionOfKey(within, 6, 6 + bytes.length, count))
    expect({ key, found }).toEqual({ key, found: partitions })
  }
})

describe('murmur2', () => {
  // as in the tests of Kafka's own Utils
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ])('%s', (text, expected) => {
    expect(murmur2(Buffer.from(text))).toBe(expected)
  })
})
