import { MillraceError } from '../errors.ts'

const simple: Readonly<Record<string, string>> = {
  '0': '\0',
  t: '\t',
  n: '\n',
  r: '\r',
  f: '\f',
  v: '\v',
  '\\': '\\',
}

/**
 * The bytes that a delimiter stands for: text is UTF-8; `\0 \t \n \r \f \v \\`, `\xHH` (one byte)
 * and `\uHHHH` (a character) are understood. Throws USAGE for an empty one and for other escapes; `name` is of what was
 * given, such as --delimiter.
 */
export function parseDelimiter(text: string, name = 'the delimiter'): Buffer {
  if (text === '') {
    throw new MillraceError('USAGE', `${name} is empty`, {
      hint: "Name it as text or with an escape, such as '\\t', '\\0' or '\\x1e'",
      context: { delimiter: text },
    })
  }
  const parts: Buffer[] = []
  const pattern = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([0tnrfv\\])|(.?))|[^\\]+/gsu
  for (const [whole, hex, unicode, letter, other] of text.matchAll(pattern)) {
    if (hex !== undefined) parts.push(Buffer.of(Number.parseInt(hex, 16)))
    else if (unicode !== undefined) parts.push(Buffer.from(character(text, unicode, name)))
    else if (letter !== undefined) parts.push(Buffer.from(simple[letter]!))
    else if (other !== undefined) throw unknownEscape(text, whole, name)
    else parts.push(Buffer.from(whole))
  }
  return Buffer.concat(parts)
}

function character(text: string, unicode: string, name: string): string {
  const code = Number.parseInt(unicode, 16)
  // half a surrogate pair has no UTF-8
  if (code >= 0xd800 && code <= 0xdfff) throw unknownEscape(text, `\\u${unicode}`, name)
  return String.fromCharCode(code)
}

function unknownEscape(text: string, sequence: string, name: string): MillraceError {
  return new MillraceError('USAGE', `${name} '${text}' has the escape '${sequence}', which is unknown`, {
    hint: "Known are \\0 \\t \\n \\r \\f \\v \\\\, \\xHH for a byte and \\uHHHH for a character; a backslash itself is '\\\\'",
    context: { delimiter: text, escape: sequence },
  })
}

/**
 * Where the first delimiter ends in `content`, when `before` (fewer bytes than the delimiter has)
 * came just before it; -1 if there is none.
 */
export function endOfDelimiter(before: Uint8Array, content: Buffer, delimiter: Buffer): number {
  const size = delimiter.length
  if (before.length > 0 && size > 1) {
    const seam = Buffer.concat([before, content.subarray(0, size - 1)])
    const across = seam.indexOf(delimiter)
    if (across >= 0) return across + size - before.length
  }
  const within = size === 1 ? content.indexOf(delimiter[0]!) : content.indexOf(delimiter)
  return within < 0 ? -1 : within + size
}
