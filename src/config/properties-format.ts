/** One `key=value` of a text; `line` counts from 1 and is where it begins. */
export interface PropertyLine {
  readonly line: number
  readonly key: string
  readonly value: string
  /** A backslash before a character that needs none, which falls away as in Java. */
  readonly lostBackslash: boolean
}

/** A line that holds no property. */
export interface LineProblem {
  readonly line: number
  readonly problem: string
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }
const blank = /^[ \t\f]+/

/**
 * Reads the format of java.util.Properties, of which librdkafka's and kcat's `key=value` lines are
 * the plain case: `#` and `!` comments, `=`, `:` or white space between key and value, a backslash
 * before the end of a line to go on in the next, \t \n \r \f \uXXXX and a backslash before any other
 * character for that character. Values are trimmed, as Kafka does. Where Java takes a lone word for a
 * key without a value, this is a problem: it is rather a line gone wrong.
 */
export function* parseProperties(text: string): Generator<PropertyLine | LineProblem> {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1
    let logical = lines[index]?.replace(blank, '') ?? ''
    // a backslash alone continues nothing
    if (logical === '' || logical === '\\' || /^[#!]/.test(logical)) continue
    while (continues(logical)) {
      index++
      logical = logical.slice(0, -1) + (lines[index]?.replace(blank, '') ?? '')
      if (index >= lines.length) break
    }
    yield parseLine(logical, line)
  }
}

/** An odd number of backslashes at the end: the last of them escapes the end of the line. */
function continues(text: string): boolean {
  return (/\\*$/.exec(text)?.[0].length ?? 0) % 2 === 1
}

function parseLine(text: string, line: number): PropertyLine | LineProblem {
  const [, rawKey = '', separator = '', rawValue = ''] =
    /^((?:\\.|[^\\=: \t\f])*)([ \t\f]*[=:]?[ \t\f]*)(.*)$/s.exec(text) ?? []
  if (separator === '') return { line, problem: 'is no key=value' }
  const key = unescaped(rawKey)
  const value = unescaped(rawValue)
  if (key === undefined || value === undefined)
    return { line, problem: 'has \\u without four hexadecimal digits (a backslash is written \\\\)' }
  if (key === '') return { line, problem: 'has no name before the separator' }
  return {
    line,
    key,
    value: value.trim(),
    lostBackslash: /(?<!\\)(?:\\\\)*\\[^tnrfu\\ :=#!"'\t\f]/.test(rawValue),
  }
}

function unescaped(text: string): string | undefined {
  if (/(?<!\\)(?:\\\\)*\\u(?![\da-fA-F]{4})/.test(text)) return undefined
  return text.replace(/\\(?:u([\da-fA-F]{4})|(.))/gs, (_, hex: string | undefined, character: string) =>
    hex === undefined ? (escapes[character] ?? character) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
