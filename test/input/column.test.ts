import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BytesColumn } from '../../src/input/column.ts'
import { slices } from './helpers.ts'

const source = Buffer.from('0123456789'.repeat(1000))

it('keeps what was added, in order, whether it is a piece of the source or not', () => {
  const item = fc.oneof(
    fc.constant(null),
    fc
      .tuple(fc.nat(source.length), fc.nat(source.length))
      .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) })),
    fc.string({ unit: 'binary-ascii', maxLength: 50 }),
  )
  fc.assert(
    fc.property(fc.array(item, { maxLength: 30 }), fc.nat(5), (items, spare) => {
      const column = new BytesColumn(source, items.length + spare)
      for (const item of items) {
        if (item === null) column.addNull()
        else if (typeof item === 'string') column.addBytes(Buffer.from(item))
        else column.addSlice(item.start, item.end)
      }
      const { bytes, ranges } = column.finish()
      expect(slices(bytes, ranges)).toEqual(
        items.map(item =>
          item === null || typeof item === 'string' ? item : source.toString('latin1', item.start, item.end),
        ),
      )
      if (!items.some(item => typeof item === 'string')) expect(bytes).toBe(source)
    }),
  )
})
