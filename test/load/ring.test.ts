import { expect, test } from 'vitest'
import { ChunkRing } from '../../src/input/index.ts'

const LENGTH = 1000

test('memory comes again only when two younger pieces have been taken, and nobody holds it', () => {
  const ring = new ChunkRing()
  const taken = Array.from({ length: 6 }, () => ring.take(LENGTH).buffer)
  expect(new Set(taken).size).toBe(3)
  expect(taken.slice(3)).toEqual(taken.slice(0, 3))
  for (let n = 0; n < taken.length - 2; n++) expect(new Set(taken.slice(n, n + 3)).size).toBe(3)
})

test('what is held stays, until it was released as often', () => {
  const ring = new ChunkRing()
  const first = ring.take(LENGTH)
  ring.hold(first)
  ring.hold(first.subarray(3))
  const next = () => Array.from({ length: 5 }, () => ring.take(LENGTH).buffer)
  expect(next()).not.toContain(first.buffer)
  ring.release(first)
  expect(next()).not.toContain(first.buffer)
  ring.release(first)
  expect(next()).toContain(first.buffer)
})

test('it knows its own memory', () => {
  const ring = new ChunkRing()
  const own = ring.take(LENGTH)
  for (let n = 0; n < 9; n++) ring.take(LENGTH)
  expect(ring.owns(own.subarray(7))).toBe(true)
  expect(ring.owns(Buffer.alloc(LENGTH))).toBe(false)
})

test('memory that is not of the ring may be held as well', () => {
  const ring = new ChunkRing()
  const other = Buffer.alloc(3)
  ring.hold(other)
  ring.release(other)
  expect(new Set(Array.from({ length: 9 }, () => ring.take(LENGTH).buffer)).size).toBe(3)
})
