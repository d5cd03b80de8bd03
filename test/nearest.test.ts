import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nearest } from '../src/nearest.ts'

describe('nearest', () => {
  test.each([
    // one change of five letters, or of fewer
    ['topc', ['format', 'topic'], 'topic'],
    ['topicc', ['format', 'topic'], 'topic'],
    ['tobic', ['format', 'topic'], 'topic'],
    ['topci', ['format', 'topic'], 'topic'],
    ['otpic', ['format', 'topic'], 'topic'],
    ['cvs', ['tsv', 'csv'], 'csv'],
    // two changes, of which three letters bear one
    ['scv', ['xml'], undefined],
    ['tpoci', ['topic'], undefined],
    // six bear two
    ['fromta', ['format'], 'format'],
    ['foramt', ['format'], 'format'],
    ['rofmat', ['format'], 'format'],
    // no neighbours have changed places
    ['cotip', ['topic'], undefined],
    // the first of several, and the closer one
    ['tap', ['tip', 'top'], 'tip'],
    ['bathc', ['match', 'batch'], 'batch'],
    ['', ['a', 'ab'], 'a'],
    ['a', [''], ''],
    ['anything', [], undefined],
  ])('of %j among %j is %j', (word, candidates, found) => {
    expect(nearest(word, candidates)).toBe(found)
  })

  const word = fc.string({ minLength: 2, maxLength: 12 })

  test('finds any word of which two neighbours have changed places', () => {
    fc.assert(
      fc.property(word, fc.nat(), (meant, somewhere) => {
        const at = somewhere % (meant.length - 1)
        const given = meant.slice(0, at) + meant[at + 1] + meant[at] + meant.slice(at + 2)
        expect(nearest(given, [meant])).toBe(meant)
      }),
    )
  })

  test('knows a word that is among the candidates', () => {
    fc.assert(
      fc.property(word, fc.array(word), (meant, others) => {
        expect(nearest(meant, [...others, meant])).toBe(meant)
      }),
    )
  })
})
