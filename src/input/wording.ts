/** Standard input's place in a list of paths, and its name in blocks and receipts. */
export const STANDARD_INPUT = '-'

/** An input as a message for people names it. */
export function inputInWords(name: string): string {
  return name === STANDARD_INPUT ? 'standard input' : name
}

const EXCERPT_CHARACTERS = 76
const BYTES_BEFORE = 40
const BYTES_AFTER = 80

const byName: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' }

/** Makes what a terminal would act upon visible: control, format and line separating characters. */
export function escapeControls(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    character => byName[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}

/**
 * One line of at most 80 characters that shows `bytes[start, end)` around `at`,
 * with `…` where something was left out.
 */
export function excerpt(bytes: Buffer, start: number, end: number, at: number = start): string {
  let from = Math.max(start, at - BYTES_BEFORE)
  // a cut inside a character would show as a replacement character
  while (from > start && from < end && (bytes[from]! & 0xc0) === 0x80) from--
  const to = Math.min(end, from + BYTES_BEFORE + BYTES_AFTER)
  let shown = ''
  let length = 0
  for (const character of bytes.toString('utf8', from, to)) {
    const escaped = escapeControls(character)
    if (length + escaped.length > EXCERPT_CHARACTERS) return `${from > start ? '…' : ''}${shown}…`
    shown += escaped
    length += escaped.length
  }
  return `${from > start ? '…' : ''}${shown}${to < end ? '…' : ''}`
}

/** A number of bytes with separators, such as `67,108,864 bytes`. */
export function bytesInWords(count: number): string {
  return `${count.toLocaleString('en-US')} byte${count === 1 ? '' : 's'}`
}
