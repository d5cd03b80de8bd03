/** Values nested deeper than this are not taken as a key. */
export const MAX_KEY_DEPTH = 200

/** Why a value has no bytes of its own. */
export class NoText extends Error {}

interface Decimal {
  readonly digits: string
  readonly exponent: number
}

// digits without zeros at either end, and the power of ten of the last: equal for equal numbers (sign apart)
function decimal(text: string): Decimal {
  const [, whole, fraction, power] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  if (whole === undefined) return { digits: text, exponent: 0 }
  const digits = whole + (fraction ?? '')
  let first = 0
  while (digits[first] === '0') first++
  let last = digits.length
  while (last > first && digits[last - 1] === '0') last--
  if (first === last) return { digits: '', exponent: 0 }
  const exponent = Number(power ?? 0) - (fraction?.length ?? 0) + digits.length - last
  return { digits: digits.slice(first, last), exponent }
}

/**
 * The text of a JSON number: an integer written in digits alone as it stands, however large; any other
 * as JSON.stringify writes it (`1.0` is `1`, `1e3` is `1000`, `-0` is `0`), so that equal numbers are
 * equal texts. What a double cannot hold exactly stays as it stands: it would become another number.
 */
export function numberText(source: string): string {
  if (/^-?[1-9]\d*$/.test(source)) return source
  const text = JSON.stringify(Number(source))
  const asWritten = decimal(source)
  const asStored = decimal(text)
  return asWritten.digits === asStored.digits && asWritten.exponent === asStored.exponent ? text : source
}

/**
 * Canonical text of valid JSON: no white space, the names of objects sorted by UTF-16 code units, of
 * equal names the last one (as JSON.parse has it), strings as JSON.stringify writes them, numbers as
 * `numberText` does. Throws NoText for what is nested too deep.
 */
export function canonicalText(text: string): string {
  let at = 0

  function space(): void {
    while (' \n\r\t'.includes(text[at] ?? '.')) at++
  }

  function string(): string {
    const start = at++
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
    at++
    return JSON.parse(text.slice(start, at))
  }

  // what stands between `[` or `{` and its end, one item at a time
  function items(close: string, item: () => void): void {
    at++
    space()
    while (text[at] !== close) {
      item()
      space()
      if (text[at] === ',') at++
      space()
    }
    at++
  }

  function object(depth: number): string {
    const members = new Map<string, string>()
    items('}', () => {
      const name = string()
      space()
      at++
      members.set(name, value(depth + 1))
    })
    const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${sorted.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`
  }

  function array(depth: number): string {
    const values: string[] = []
    items(']', () => values.push(value(depth + 1)))
    return `[${values.join(',')}]`
  }

  function scalar(): string {
    const start = at
    while (at < text.length && !' \n\r\t,]}'.includes(text[at]!)) at++
    const token = text.slice(start, at)
    return /^[-\d]/.test(token) ? numberText(token) : token
  }

  function value(depth: number): string {
    if (depth > MAX_KEY_DEPTH) throw new NoText(`is nested more than ${MAX_KEY_DEPTH} levels deep`)
    space()
    if (text[at] === '{') return object(depth)
    if (text[at] === '[') return array(depth)
    return text[at] === '"' ? JSON.stringify(string()) : scalar()
  }

  return value(0)
}

const simple: Readonly<Record<string, number>> = { b: 0x08, f: 0x0c, n: 0x0a, r: 0x0d, t: 0x09 }

/**
 * The bytes of a valid JSON string (given without its quotes) once its escapes are undone; other
 * bytes stay as they are, invalid UTF-8 too. Throws NoText for half a surrogate pair, which no UTF-8 can say.
 */
export function unescapeString(source: Buffer): Buffer {
  const target = Buffer.allocUnsafe(source.length)
  let length = 0
  let at = 0
  const unit = (from: number) => Number.parseInt(source.toString('latin1', from, from + 4), 16)
  while (at < source.length) {
    const byte = source[at]!
    if (byte !== 0x5c) {
      target[length++] = byte
      at++
      continue
    }
    const kind = String.fromCharCode(source[at + 1]!)
    at += 2
    if (kind !== 'u') {
      target[length++] = simple[kind] ?? kind.charCodeAt(0)
      continue
    }
    let code = unit(at)
    at += 4
    if (code >= 0xd800 && code <= 0xdbff && source[at] === 0x5c && source[at + 1] === 0x75) {
      const low = unit(at + 2)
      if (low >= 0xdc00 && low <= 0xdfff) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
        at += 6
      }
    }
    if (code >= 0xd800 && code <= 0xdfff)
      throw new NoText('has half a surrogate pair, which UTF-8 cannot say')
    length += target.write(String.fromCodePoint(code), length, 'utf8')
  }
  return target.subarray(0, length)
}
