import { MillraceError } from '../errors.ts'
import { JsonScanner } from './json.ts'
import { NoText, unescapeString } from './json-text.ts'

const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Where a field is. `user.id` is the member `id` of the member `user`, `tags.0` the first item of
 * `tags`. If the record itself has a member whose name is all of `user.id`, that one is meant. Of
 * members with the same name the last counts, as with JSON.parse.
 */
export interface FieldPath {
  readonly text: string
  readonly whole: Buffer
  readonly steps: readonly Buffer[]
}

export const NAME_A_FIELD = 'Name the field, such as id, or user.id for one inside another'

/** Reads a dotted path. Throws USAGE for an empty one; any other text is one. */
export function parseFieldPath(text: string): FieldPath {
  if (text === '') {
    throw new MillraceError('USAGE', 'a field path is empty', {
      hint: NAME_A_FIELD,
      context: { path: text },
    })
  }
  return { text, whole: Buffer.from(text), steps: text.split('.').map(step => Buffer.from(step)) }
}

/** Checks JSON records, and finds one field in each. */
export class FieldFinder {
  readonly #path: FieldPath | undefined
  readonly #scanner = new JsonScanner()
  /** The value's place in the record's bytes, after `found`. */
  start = 0
  end = 0
  /** The values of the two names that #object looks for; -1 where it has none. */
  #firstStart = -1
  #firstEnd = -1
  #secondStart = -1
  #secondEnd = -1

  /** Without a path, records are checked only. */
  constructor(path: FieldPath | undefined) {
    this.#path = path
  }

  /** After `fault`: what is wrong, and the index in the bytes at which it is. */
  get fault(): string {
    return this.#scanner.fault
  }

  get faultAt(): number {
    return this.#scanner.faultAt
  }

  /** Looks at the record `bytes[start, end)`. The whole of it is checked before a field counts as found. */
  find(bytes: Buffer, start: number, end: number): 'found' | 'missing' | 'fault' {
    const scanner = this.#scanner
    const path = this.#path
    scanner.load(bytes, end)
    const root = scanner.space(start)
    const inObject = path !== undefined && bytes[root] === OPEN_OBJECT && root < end
    const rootEnd = inObject
      ? this.#object(root, path.whole, path.steps.length > 1 ? path.steps[0] : undefined)
      : scanner.value(root)
    if (rootEnd < 0) return 'fault'
    const rest = scanner.space(rootEnd)
    if (rest !== end) {
      scanner.fail(rest, 'something follows the value')
      return 'fault'
    }
    if (path === undefined) return 'found'
    if (!inObject) return this.#descend(path.steps, 0, root, rootEnd)
    if (this.#firstStart >= 0) return this.#found(this.#firstStart, this.#firstEnd)
    return this.#descend(path.steps, 1, this.#secondStart, this.#secondEnd)
  }

  #found(start: number, end: number): 'found' {
    this.start = start
    this.end = end
    return 'found'
  }

  /** Goes down the steps from `step` on, beginning with a value that was checked already (-1: there is none). */
  #descend(steps: readonly Buffer[], step: number, start: number, end: number): 'found' | 'missing' {
    let from = start
    let to = end
    for (let index = step; index < steps.length && from >= 0; index++) {
      const opening = this.#scanner.bytes[from]
      this.#firstStart = -1
      if (opening === OPEN_OBJECT) this.#object(from, steps[index]!, undefined)
      else if (opening === OPEN_ARRAY) this.#item(from, steps[index]!)
      from = this.#firstStart
      to = this.#firstEnd
    }
    return from < 0 ? 'missing' : this.#found(from, to)
  }

  /** Passes an object, noting the values of up to two names. After the object, or -1 at a fault. */
  #object(at: number, first: Buffer, second: Buffer | undefined): number {
    const scanner = this.#scanner
    const { bytes, end } = scanner
    this.#firstStart = -1
    this.#secondStart = -1
    let next = scanner.space(at + 1)
    if (next < end && bytes[next] === CLOSE_OBJECT) return next + 1
    for (;;) {
      const nameEnd = scanner.string(next)
      if (nameEnd < 0) return -1
      const isFirst = this.#isName(next + 1, nameEnd - 1, scanner.escaped, first)
      const isSecond = second !== undefined && this.#isName(next + 1, nameEnd - 1, scanner.escaped, second)
      const value = scanner.colon(nameEnd)
      if (value < 0) return -1
      const valueEnd = scanner.value(value)
      if (valueEnd < 0) return -1
      if (isFirst) {
        this.#firstStart = value
        this.#firstEnd = valueEnd
      }
      if (isSecond) {
        this.#secondStart = value
        this.#secondEnd = valueEnd
      }
      next = scanner.space(valueEnd)
      if (next < end && bytes[next] === CLOSE_OBJECT) return next + 1
      if (next >= end || bytes[next] !== COMMA) return scanner.fail(next, 'a comma or } is missing')
      next = scanner.space(next + 1)
    }
  }

  /** Notes the item of an array that was checked already, if the step is a plain index of it. */
  #item(at: number, step: Buffer): void {
    const scanner = this.#scanner
    const text = step.toString()
    if (!/^(0|[1-9][0-9]*)$/.test(text)) return
    const wanted = Number(text)
    let next = scanner.space(at + 1)
    if (scanner.bytes[next] === CLOSE_ARRAY) return
    for (let index = 0; ; index++) {
      const end = scanner.value(next)
      if (index === wanted) {
        this.#firstStart = next
        this.#firstEnd = end
        return
      }
      next = scanner.space(end)
      if (scanner.bytes[next] !== COMMA) return
      next = scanner.space(next + 1)
    }
  }

  #isName(start: number, end: number, escaped: boolean, name: Buffer): boolean {
    const { bytes } = this.#scanner
    if (escaped) return isEscapedName(bytes.subarray(start, end), name)
    if (end - start !== name.length) return false
    for (let index = 0; index < name.length; index++) {
      if (bytes[start + index] !== name[index]) return false
    }
    return true
  }
}

function isEscapedName(source: Buffer, name: Buffer): boolean {
  try {
    return unescapeString(source).equals(name)
  } catch (error) {
    // a name that has no UTF-8 is none that was asked for
    if (error instanceof NoText) return false
    throw error
  }
}
