import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { loadAddon } from '../../src/engine/binding.ts'

const { binding } = loadAddon()
const none = Buffer.alloc(0)
const packed = gzipSync(Buffer.alloc(3_000_000, 'ab'))

function opened(packing: 0 | 1 = 0): object {
  const unpacker = binding.unpacker(packing)
  if (unpacker === null) throw new Error('this process has no library for it')
  return unpacker
}

function step(unpacker: object, input: Buffer, output: Buffer) {
  return new Promise<readonly [number, number, number]>(resolve => {
    binding.unpack(unpacker, input, 0, output, 0, (...row) => resolve(row))
  })
}

describe('a step', () => {
  it('ends where the output is full, and goes on there without more input', async () => {
    const unpacker = opened()
    const output = Buffer.alloc(1000)
    expect((await step(unpacker, packed, output))[1]).toBe(1000)
    expect(output.toString()).toBe('ab'.repeat(500))
    const [taken, made, state] = await step(unpacker, none, output)
    expect({ taken, isMore: made > 0, state }).toEqual({ taken: 0, isMore: true, state: 0 })
    binding.unpackClose(unpacker)
  })

  it('tells what it made before it failed, and fails again', async () => {
    const unpacker = opened()
    const damaged = Buffer.concat([gzipSync('abc'), Buffer.from('garbage')])
    const output = Buffer.alloc(100)
    expect((await step(unpacker, damaged, output)).slice(1)).toEqual([3, 2])
    expect(binding.unpackFailure(unpacker)).toBe('incorrect header check')
    expect(await step(unpacker, packed, output)).toEqual([0, 0, 2])
    binding.unpackClose(unpacker)
  })

  it('ends well although its unpacker was closed meanwhile', async () => {
    const unpacker = opened()
    const going = step(unpacker, packed, Buffer.alloc(3_000_000))
    binding.unpackClose(unpacker)
    expect((await going).slice(1)).toEqual([3_000_000, 1])
  })

  it.each<[string, () => unknown]>([
    ['a packing that there is not', () => binding.unpacker(2 as 0)],
    ['what is no unpacker', () => step(binding.histogram(), packed, none)],
    ['a closed one', () => step(closed(), packed, none)],
    ['a place behind the input', () => binding.unpack(opened(), none, 1, none, 0, () => {})],
    ['a place behind the output', () => binding.unpack(opened(), none, 0, none, 1, () => {})],
    ['text', () => step(opened(), 'text' as unknown as Buffer, none)],
    ['the failure of a closed one', () => binding.unpackFailure(closed())],
  ])('%s is refused', async (_name, call) => {
    await expect((async () => call())()).rejects.toThrow(TypeError)
  })
})

function closed(): object {
  const unpacker = opened()
  binding.unpackClose(unpacker)
  return unpacker
}
