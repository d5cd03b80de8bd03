import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OutputFile, realPath, writeWhole } from '../../src/bench/output-file.ts'

const posix = process.platform !== 'win32'
const never = new AbortController().signal

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-output-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const at = (...names: string[]) => join(folder, ...names)

describe('a regular file', () => {
  test('is replaced as a whole, and nothing else stays', async () => {
    writeFileSync(at('x'), 'old')
    // who has files of such a name keeps them
    writeFileSync(at('x.part'), "somebody's own")
    const file = new OutputFile(at('x'), 'output')
    expect(readFileSync(at('x'), 'utf8')).toBe('old')
    file.update('half')
    expect(readFileSync(at('x'), 'utf8')).toBe('half')
    await file.finish('whole', never)
    expect(readFileSync(at('x'), 'utf8')).toBe('whole')
    expect(readdirSync(folder).sort()).toEqual(['x', 'x.part'])
    expect(readFileSync(at('x.part'), 'utf8')).toBe("somebody's own")
  })

  test('is made where there is none, not before there is something to write', () => {
    const file = new OutputFile(at('new'), 'output')
    expect(readdirSync(folder)).toEqual([])
    file.update('text')
    expect(readdirSync(folder)).toEqual(['new'])
  })

  test.runIf(posix)('keeps its permissions', () => {
    writeFileSync(at('x'), 'old')
    chmodSync(at('x'), 0o640)
    new OutputFile(at('x'), 'output').update('new')
    expect(statSync(at('x')).mode & 0o777).toBe(0o640)
  })

  test('what cannot be written leaves nothing behind, and what was there', () => {
    mkdirSync(at('gone'))
    const file = new OutputFile(at('gone', 'x'), 'report')
    rmSync(at('gone'), { recursive: true })
    const told = { code: 'OUTPUT_FAILED', context: { option: 'report' } }
    expect(() => file.update('text')).toThrow(
      expect.objectContaining({ ...told, context: expect.anything() }),
    )
    expect(readdirSync(folder)).toEqual([])
    // another one has become a folder: the renaming fails
    const other = new OutputFile(at('y'), 'output')
    mkdirSync(at('y'))
    expect(() => other.update('text')).toThrow(expect.objectContaining({ code: 'OUTPUT_FAILED' }))
    expect(readdirSync(folder)).toEqual(['y'])
  })
})

describe.runIf(posix)('a symbolic link', () => {
  test.each([
    ['to a file', () => writeFileSync(at('target'), 'old')],
    ['to nothing yet', () => {}],
  ])('%s stays one', (_, prepare) => {
    prepare()
    mkdirSync(at('links'))
    symlinkSync(join('..', 'target'), at('links', 'x'))
    const file = new OutputFile(at('links', 'x'), 'output')
    file.update('new')
    expect(lstatSync(at('links', 'x')).isSymbolicLink()).toBe(true)
    expect(readFileSync(at('target'), 'utf8')).toBe('new')
    expect(readdirSync(at('links'))).toEqual(['x'])
  })

  test('to itself is refused', () => {
    symlinkSync('x', at('x'))
    expect(() => new OutputFile(at('x'), 'output')).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })

  test('to a folder that is none yet is refused', () => {
    symlinkSync(join('missing', 'x'), at('x'))
    expect(() => new OutputFile(at('x'), 'output')).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})

describe.runIf(posix)('what is no regular file', () => {
  test('a FIFO gets the results once, whenever somebody reads', async () => {
    execFileSync('mkfifo', [at('fifo')])
    const file = new OutputFile(at('fifo'), 'output')
    file.update('half')
    // more than a pipe holds
    const text = 'whole'.repeat(100_000)
    const written = file.finish(text, never)
    expect(await readFile(at('fifo'), 'utf8')).toBe(text)
    await written
    expect(lstatSync(at('fifo')).isFIFO()).toBe(true)
    expect(readdirSync(folder)).toEqual(['fifo'])
  })

  test('who does not wait for a reader has it told', async () => {
    execFileSync('mkfifo', [at('fifo')])
    const abort = new AbortController()
    const written = new OutputFile(at('fifo'), 'output').finish('text', abort.signal)
    abort.abort()
    await expect(written).rejects.toMatchObject({ code: 'OUTPUT_FAILED' })
  })

  test('a device stays one', async () => {
    const file = new OutputFile('/dev/null', 'report')
    file.update('half')
    await file.finish('whole', never)
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
  })

  test.each(['.', '..'])('a folder (%s) is refused', name => {
    expect(() => new OutputFile(at(name), 'report')).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('it is a folder') }),
    )
  })
})

test('realPath is the same for all spellings of a file, there or not', () => {
  mkdirSync(at('a'))
  if (posix) symlinkSync('a', at('b'))
  const [real] = [realPath(at('a', 'x'))]
  expect(realPath(at('a', '..', 'a', '.', 'x'))).toBe(real)
  if (posix) expect(realPath(at('b', 'x'))).toBe(real)
  expect(existsSync(real)).toBe(false)
  writeWhole(real, 'text')
  expect(realPath(at('a', 'x'))).toBe(real)
})
