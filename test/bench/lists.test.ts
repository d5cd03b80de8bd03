import { describe, expect, test } from 'vitest'
import { choices, numbers, rates } from '../../src/bench/lists.ts'

describe('numbers', () => {
  test.each([
    ['1', [1]],
    ['1,4', [1, 4]],
    ['10_000, 20', [10_000, 20]],
    [undefined, undefined],
  ])('%j', (text, expected) => {
    expect(numbers('loops', text, 1, 100_000)).toEqual(expected)
  })

  test.each(['', ',', '1,', '0', '-1', '1.5', 'NaN', 'Infinity', '1e3', 'four', '100001', '2,2', '2,02'])(
    '%j is refused, by the name of its option',
    text => {
      expect(() => numbers('loops', text, 1, 100_000)).toThrow(
        expect.objectContaining({
          name: 'MillraceError',
          code: 'USAGE',
          message: expect.stringMatching(/^--loops has /),
        }),
      )
    },
  )
})

describe('rates', () => {
  test('numbers above 0, and max', () => {
    expect(rates('rate', '1000,0.5,1_000_000,max', 1e6)).toEqual([1000, 0.5, 1e6, 'max'])
    expect(rates('rate', undefined, 1e6)).toBeUndefined()
  })

  test.each(['0', '-1', '0.0', '', 'max,max', '5,', 'Max', '1e3', 'NaN', 'Infinity', '1000001'])(
    '%j is refused',
    text => {
      expect(() => rates('rate', text, 1e6)).toThrow(
        expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(/^--rate has /) }),
      )
    },
  )
})

describe('choices', () => {
  test('in the order given', () => {
    expect(choices('api', 'send,batch', ['batch', 'send', 'framed'])).toEqual(['send', 'batch'])
  })

  test.each(['', 'sent', 'send,', 'send,send', 'SEND'])('%j is refused', text => {
    expect(() => choices('api', text, ['batch', 'send'])).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(/^--api has /) }),
    )
  })
})
