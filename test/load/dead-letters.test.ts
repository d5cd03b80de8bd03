import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { fromEnvelope } from '../../src/envelope.ts'
import { MillraceError } from '../../src/errors.ts'
import { DeadLetters, deadLetter } from '../../src/load/dead-letters.ts'
import { type Copy, copyOf, type Rejected } from '../../src/load/returned.ts'
import { useFiles } from '../cli/harness.ts'
import { skipBecause } from '../support/skip-reason.ts'

const file = useFiles()
let number = 0
const open: DeadLetters[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(letters => letters.close()))
})

async function letters(path: string, keep?: number): Promise<DeadLetters> {
  const made = await DeadLetters.open(path, keep)
  open.push(made)
  return made
}

function rejected(value: string, copy: Partial<Copy> = {}): Rejected {
  return {
    origin: { file: 'a.txt', byte: 3, line: 2 },
    reason: {
      code: 'DELIVERY_FAILED',
      message: 'refused',
      kafkaCode: 87,
      kafkaName: 'INVALID_RECORD',
      possiblyPersisted: false,
    },
    copy: { ...copyOf({ topic: 't', value }), ...copy },
  }
}

describe('the file of dead letters', () => {
  test('has a line each, and knows its length', async () => {
    const path = file(`${++number}`, '')
    const made = await letters(path)
    await Promise.all([made.append([rejected('a'), rejected('b')]), made.append([rejected('c')])])
    await made.sync()
    const text = readFileSync(path, 'utf8')
    expect(made.bytes).toBe(Buffer.byteLength(text))
    expect(text.split('\n').map(line => line && JSON.parse(line).value)).toEqual(['a', 'b', 'c', ''])
  })

  test('is made where it is not there, and appended to where it is', async () => {
    const path = join(file(`${++number}`, ''), '..', `new-${number}`)
    await (await letters(path)).append([rejected('a')])
    const second = await letters(path)
    await second.append([rejected('b')])
    expect(readFileSync(path, 'utf8').trimEnd().split('\n')).toHaveLength(2)
    expect(second.bytes).toBe(readFileSync(path).length)
  })

  test('ends a line that was cut off', async () => {
    const path = file(`${++number}`, '{"value":')
    await (await letters(path)).append([rejected('a')])
    expect(readFileSync(path, 'utf8').split('\n')[0]).toBe('{"value":')
    expect(JSON.parse(readFileSync(path, 'utf8').split('\n')[1] as string)).toMatchObject({ value: 'a' })
  })

  test('is cut back to what is to be kept', async () => {
    const path = file(`${++number}`, '')
    const first = await letters(path)
    await first.append([rejected('a')])
    const { bytes } = first
    await first.append([rejected('b')])
    appendFileSync(path, '{"torn')
    const again = await letters(path, bytes)
    expect(again.bytes).toBe(bytes)
    await again.append([rejected('c')])
    const values = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(values.map(line => JSON.parse(line).value)).toEqual(['a', 'c'])
  })

  test.each([
    ['a folder', () => tmpdir()],
    ['a folder that is not there', () => join(tmpdir(), 'no-such-folder', 'x')],
  ])('%s cannot be opened', async (_name, path) => {
    const error = await DeadLetters.open(path()).catch(error => error)
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code: 'USAGE', context: { option: 'deadLetter' } })
  })

  test.skipIf(!existsSync('/dev/full'))('without space every append fails, for good', async () => {
    const full = await letters('/dev/full')
    for (let n = 0; n < 2; n++) {
      const error = await full.append([rejected('a')]).catch(error => error)
      expect(error).toBeInstanceOf(MillraceError)
      expect(error).toMatchObject({ code: 'DEAD_LETTERS_UNWRITABLE' })
    }
    expect(full.bytes).toBe(0)
    await expect(full.sync()).rejects.toMatchObject({ code: 'DEAD_LETTERS_UNWRITABLE' })
  })

  const small = smallDisk()
  describe(
    'on a disk that is full',
    small === undefined ? skipBecause('no tmpfs can be mounted here') : {},
    () => {
      test('keeps the lines that it counted, and no half one', async () => {
        const path = join(small as string, 'letters')
        const made = await letters(path)
        const line = rejected('x'.repeat(10_000))
        const error = await (async () => {
          for (;;) await made.append([line])
        })().catch(error => error)
        expect(error).toMatchObject({ code: 'DEAD_LETTERS_UNWRITABLE' })
        const text = readFileSync(path, 'utf8')
        expect(text.endsWith('\n')).toBe(true)
        expect(made.bytes).toBe(text.length)
        await made.close()
        execFileSync('umount', [small as string])
        rmSync(small as string, { recursive: true })
      })
    },
  )
})

/** A folder of 128 KiB; undefined where this user may not mount one. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-small-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', folder], { stdio: 'ignore' })
    return folder
  } catch {
    rmSync(folder, { recursive: true })
    return undefined
  }
}

describe('a dead letter', () => {
  const bytes = fc.uint8Array({ maxLength: 40 }).map(array => Buffer.from(array))
  const nullable = fc.option(bytes, { nil: null })
  const copies = fc.record({
    topic: fc.constantFrom('t', undefined),
    partition: fc.option(fc.nat(1000), { nil: undefined }),
    key: nullable,
    value: nullable,
    headers: fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), nullable), { maxLength: 3 }),
    timestamp: fc.option(fc.integer({ min: 1, max: 2 ** 45 }), { nil: undefined }),
  })

  test('is read again byte for byte', () => {
    fc.assert(
      fc.property(copies, copy => {
        const line = deadLetter({ ...rejected(''), copy })
        expect(line).not.toContain('\n')
        expect(fromEnvelope(Buffer.from(line))).toEqual({ ...copy, headers: copy.headers })
      }),
    )
  })

  test('is the same of bytes that crossed between threads', () => {
    fc.assert(
      fc.property(copies, copy => {
        const record = { ...rejected(''), copy }
        expect(deadLetter(structuredClone(record))).toBe(deadLetter(record))
      }),
    )
  })

  test('tells why, and where it comes from', () => {
    expect(JSON.parse(deadLetter(rejected('v')))).toEqual({
      topic: 't',
      key: null,
      value: 'v',
      headers: [],
      encoding: 'utf8',
      error: { code: 'DELIVERY_FAILED', kafkaCode: 87, message: 'refused', possiblyPersisted: false },
      source: { file: 'a.txt', byte: 3, line: 2 },
    })
  })

  test('of a record that is not there in whole is no message', () => {
    const line = deadLetter({ ...rejected('beginning'), wholeLength: 1000 })
    expect(() => fromEnvelope(Buffer.from(line))).toThrow(/"value" is missing/)
    expect(JSON.parse(line).cut).toEqual({ beginning: 'beginning', encoding: 'utf8', length: 1000 })
  })
})
