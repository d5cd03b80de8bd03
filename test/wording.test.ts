import fc from 'fast-check'
import { expect, test } from 'vitest'
import { count } from '../src/wording.ts'

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [1_234_567, '1,234,567'],
  [-1000, '-1,000'],
  [999.5, '1,000'],
])('%d is counted as %s', (value, text) => {
  expect(count(value)).toBe(text)
})

test('a count reads as Intl writes it', () => {
  const { format } = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.maxSafeInteger().filter(value => !Object.is(value, -0)),
        fc.double({ min: 0, max: 1e15, noNaN: true }),
      ),
      value => {
        expect(count(value)).toBe(format(value))
      },
    ),
  )
})
