import fc from 'fast-check'
import { expect, test } from 'vitest'
import { count, fixed } from '../src/wording.ts'

test.each([
  [0, '0'],
  [3, '3'],
  [12, '12'],
  [1_234_567, '1,234,567'],
  [1_234_567.8, '1,234,568'],
  // a rate of one message in two seconds is neither none nor one a second
  [0.5, '0.5'],
  [0.0123, '0.012'],
  [9.54, '9.5'],
  [9.96, '10'],
  [99.6, '100'],
  [-0.5, '-0.5'],
  [999.5, '1,000'],
  [-1000, '-1,000'],
])('count(%d) is %s', (value, text) => {
  expect(count(value)).toBe(text)
})

test.each([
  [0, 1, '0.0'],
  [12.34, 1, '12.3'],
  [0.04, 1, '0.04'],
  [0.00005, 2, '0.00005'],
  [0.1, 1, '0.1'],
])('fixed(%d, %i) is %s', (value, digits, text) => {
  expect(fixed(value, digits)).toBe(text)
})

test('a count of 10 and more reads as Intl writes it', () => {
  const { format } = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeNat(), fc.double({ min: 10, max: 1e15, noNaN: true })), value => {
      expect(count(value)).toBe(format(value))
    }),
  )
})
