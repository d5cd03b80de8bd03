import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesInWords, escapeControls, excerpt } from '../../src/input/wording.ts'

describe('excerpt', () => {
  it.each([
    ['plain text', 'plain text'],
    ['tab\tnul\0esc\x1b[31m', 'tab\\tnul\\0esc\\u{1b}[31m'],
    [
      'right to left \u202e override, line \u2028 separator',
      'right to left \\u{202e} override, line \\u{2028} separator',
    ],
  ])('%j', (text, shown) => {
    const bytes = Buffer.from(text)
    expect(excerpt(bytes, 0, bytes.length)).toBe(shown)
  })

  it('shows the surroundings of the place', () => {
    const bytes = Buffer.from(`${'a'.repeat(500)}HERE${'b'.repeat(500)}`)
    const shown = excerpt(bytes, 0, bytes.length, 500)
    expect(shown).toMatch(/^…a+HEREb+…$/)
    expect(shown.length).toBeLessThanOrEqual(80)
  })

  it('stays within the record', () => {
    expect(excerpt(Buffer.from('before|it|after'), 7, 9, 8)).toBe('it')
  })

  it('does not begin in the middle of a character', () => {
    const bytes = Buffer.from('é'.repeat(200))
    expect(excerpt(bytes, 0, bytes.length, 201)).not.toContain('\ufffd')
  })

  it('is one printable line of at most 80 characters, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (array, at) => {
        const bytes = Buffer.from(array)
        const shown = excerpt(bytes, 0, bytes.length, Math.min(at, bytes.length))
        expect(shown.length).toBeLessThanOrEqual(80)
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      }),
    )
  })
})

it('escapeControls leaves other text alone', () => {
  expect(escapeControls('é 😀 \\ "')).toBe('é 😀 \\ "')
})

it.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [67108864, '67,108,864 bytes'],
])('bytesInWords(%i)', (count, words) => {
  expect(bytesInWords(count)).toBe(words)
})
