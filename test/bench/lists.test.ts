import { describe, expect, test } from 'vitest'
import { choices, numbers } from '../../src/bench/lists.ts'

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
