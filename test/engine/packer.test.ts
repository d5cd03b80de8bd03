import { describe, expect, test } from 'vitest'
import { FIELDS, KEY_AT, messageOfPacked, Packer, VALUE_AT } from '../../src/engine/packer.ts'

const packer = (capacity = 1000) => new Packer(capacity, () => 0)

describe('the memory of a packer', () => {
  test('is little before anything is packed, and its arena never empty', () => {
    const { arena, fields } = packer()
    expect(fields.byteLength).toBeLessThanOrEqual(1024)
    expect(arena.byteLength).toBeLessThanOrEqual(4096)
    // an empty one may have no address, which would make a null of ''
    expect(arena.byteLength).toBeGreaterThan(0)
  })

  test('grows, and keeps what is in it', () => {
    const growing = packer()
    const values = Array.from({ length: 100 }, (_, index) => Buffer.alloc(37 * index, index))
    values.forEach((value, id) => {
      growing.add({ topic: 't', key: `k${id}`, value }, id)
    })
    const { arena, fields } = growing
    values.forEach((value, id) => {
      const [keyAt = 0, keySize = 0, valueAt = 0, valueSize = 0] = fields.slice(
        id * FIELDS + KEY_AT,
        id * FIELDS + VALUE_AT + 2,
      )
      expect(arena.toString('latin1', keyAt, keyAt + keySize)).toBe(`k${id}`)
      expect(arena.subarray(valueAt, valueAt + valueSize).equals(value)).toBe(true)
    })
  })

  test('has room for as many messages as it takes, and no more', () => {
    const whole = packer(33)
    for (let id = 0; !whole.full; id++) whole.add({ topic: 't', value: null }, id)
    expect(whole.count).toBe(33)
    expect(whole.fields).toHaveLength(33 * FIELDS)
    const ids = Array.from({ length: 33 }, (_, index) => whole.fields[index * FIELDS + FIELDS - 1])
    expect(ids).toEqual(Array.from({ length: 33 }, (_, index) => index))
  })

  test('is full with 256 KiB, and does not stay large for one large message', () => {
    const large = packer()
    large.add({ topic: 't', value: Buffer.alloc(256 * 1024) }, 0)
    expect(large.full).toBe(false)
    large.add({ topic: 't', value: 'x' }, 1)
    expect(large.full).toBe(true)
    large.reset()
    large.add({ topic: 't', value: Buffer.alloc(3_000_000) }, 0)
    large.reset()
    expect(large.arena.byteLength).toBeLessThanOrEqual(1024 * 1024)
    large.add({ topic: 't', value: 'x' }, 0)
    expect(large.full).toBe(false)
  })
})

test('headers are read as they were packed', () => {
  const one = packer(1)
  const headers: [string, Buffer | null][] = [
    ['a', Buffer.from('b'.repeat(5000))],
    ['', null],
  ]
  one.add({ topic: 't', value: null, headers }, 0)
  const [at = 0, size = 0] = one.fields.slice(6, 8)
  const packed = { topic: 't', partition: -1, key: null, value: null, timestamp: 0 }
  expect(messageOfPacked({ ...packed, headers: one.arena.subarray(at, at + size) }).headers).toEqual(headers)
})
