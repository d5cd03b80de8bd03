import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MillraceError } from '../../src/errors.ts'
import { type Chunk, checkInputs, type Input, openInputs } from '../../src/input/source.ts'
import { drain } from './helpers.ts'

let directory: string
const stdin = Readable.from([])

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-input-'))
})
afterEach(() => {
  fs.rmSync(directory, { recursive: true })
})

function write(name: string, content: string | Buffer): string {
  const file = path.join(directory, name)
  fs.writeFileSync(file, content)
  return file
}

function failure(action: () => unknown): MillraceError {
  try {
    action()
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

function bytesOf(chunks: readonly Chunk[]): Buffer {
  return Buffer.concat(chunks.map(({ memory, start }) => memory.subarray(start)))
}

function only(inputs: readonly Input[]): Input {
  expect(inputs).toHaveLength(1)
  return inputs[0]!
}

/** Descriptors of this process that are open on a path. */
function openOn(file: string): number {
  return fs.readdirSync('/proc/self/fd').filter(fd => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`) === file
    } catch {
      return false
    }
  }).length
}

describe('openInputs', () => {
  it('keeps the order, the names and the sizes', () => {
    const [a, b] = [write('a', 'aaa'), write('b', '')]
    const inputs = openInputs([b, '-', a, b], { stdin })
    expect(inputs.map(({ name, size }) => [name, size])).toEqual([
      [b, 0],
      ['-', null],
      [a, 3],
      [b, 0],
    ])
  })

  it('without a path reads standard input', async () => {
    const input = only(openInputs([], { stdin: Readable.from([Buffer.from('abc')]) }))
    expect([input.name, input.size]).toEqual(['-', null])
    expect(bytesOf((await drain(input.chunks())).given).toString()).toBe('abc')
  })

  it('takes standard input once only', () => {
    expect(failure(() => openInputs(['-', '-'], { stdin }))).toMatchObject({ code: 'USAGE' })
  })
})

describe('inputs that cannot be read', () => {
  it('each with its reason, all in one error', async () => {
    const good = write('good.txt', 'a\n')
    const link = path.join(directory, 'link')
    fs.symlinkSync('nowhere', link)
    const circle = path.join(directory, 'circle')
    fs.symlinkSync(circle, circle)
    const socket = path.join(directory, 'socket')
    const server = net.createServer().listen(socket)
    await once(server, 'listening')
    try {
      const missing = path.join(directory, 'missing')
      const below = path.join(good, 'below')
      const paths = [good, missing, directory, link, circle, socket, below]
      const error = failure(() => checkInputs(paths))
      expect(error.code).toBe('INPUT_UNREADABLE')
      expect(error.message).toContain('6 inputs cannot be read')
      expect(error.context.problems).toMatchObject([
        { input: missing, reason: 'there is no such file' },
        { input: directory, reason: 'it is a directory' },
        { input: link, reason: 'it is a symbolic link to nowhere, which does not exist' },
        { input: circle, reason: 'its symbolic links go round in a circle' },
        { input: socket, reason: 'it is a socket' },
        { input: below, reason: 'a part of the path is a file where a directory is needed' },
      ])
      for (const name of paths.slice(1)) expect(error.message).toContain(name)
    } finally {
      server.close()
    }
  })

  it('one alone with the way out', () => {
    const error = failure(() => openInputs([directory], { stdin }))
    expect(error).toMatchObject({
      code: 'INPUT_UNREADABLE',
      context: { input: directory, reason: 'it is a directory' },
    })
    expect(error.message).toBe(
      `${directory} cannot be read: it is a directory. Name the files in it, such as ${directory}/*`,
    )
  })
})

describe('a file', () => {
  const content = Buffer.alloc(3_000_000, 'some text, ')

  it('comes whole, in chunks with room before them', async () => {
    const input = only(openInputs([write('big', content)], { stdin }))
    const { given } = await drain(input.chunks())
    expect(bytesOf(given).equals(content)).toBe(true)
    expect(given.length).toBeGreaterThan(3)
    expect(given.every(({ start }) => start > 0)).toBe(true)
    expect(new Set(given.map(({ memory }) => memory.buffer)).size).toBe(given.length)
  })

  it('of no bytes has no chunk', async () => {
    expect(await drain(only(openInputs([write('empty', '')], { stdin })).chunks())).toEqual({
      given: [],
      error: undefined,
    })
  })

  it('that grew is read to its end', async () => {
    const file = write('log', 'abc')
    const input = only(openInputs([file], { stdin }))
    fs.appendFileSync(file, 'def')
    expect(bytesOf((await drain(input.chunks())).given).toString()).toBe('abcdef')
  })

  it.runIf(process.platform === 'linux')('is closed at the end, and when left early', async () => {
    const file = write('big', content)
    const input = only(openInputs([file], { stdin }))
    for await (const _ of input.chunks()) {
      expect(openOn(file)).toBe(1)
      break
    }
    expect(openOn(file)).toBe(0)
    await drain(input.chunks())
    expect(openOn(file)).toBe(0)
  })

  it('that is gone by now is named with the byte', async () => {
    const file = write('gone', 'abc')
    const input = only(openInputs([file], { stdin }))
    fs.rmSync(file)
    const { error } = await drain(input.chunks())
    expect(error).toMatchObject({
      code: 'INPUT_UNREADABLE',
      context: { input: file, byte: 0, reason: 'there is no such file' },
    })
  })

  it('that becomes shorter is named with the byte', async () => {
    const file = write('cut', content)
    const chunks = only(openInputs([file], { stdin })).chunks()
    let read = 0
    const failed = (async () => {
      for await (const { memory, start } of chunks) {
        read += memory.length - start
        fs.truncateSync(file, 0)
      }
    })()
    await expect(failed).rejects.toMatchObject({ code: 'INPUT_UNREADABLE', context: { input: file } })
    await expect(failed).rejects.toSatisfy((error: MillraceError) => error.context.byte === read)
    expect(read).toBeLessThan(content.length)
  })

  it.runIf(process.platform === 'linux')('whose device fails says so', async () => {
    // nothing is mapped at address 0
    const { error } = await drain(only(openInputs(['/proc/self/mem'], { stdin })).chunks())
    expect(error).toMatchObject({
      code: 'INPUT_UNREADABLE',
      context: { byte: 0, reason: 'the device or file system reported an input/output error' },
    })
    expect(error).toHaveProperty('cause.code', 'EIO')
  })

  it('may be a named pipe, which looking at does not disturb', async () => {
    const pipe = path.join(directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    checkInputs([pipe])
    const input = only(openInputs([pipe], { stdin }))
    expect(input.size).toBeNull()
    const [{ given }] = await Promise.all([
      drain(input.chunks()),
      promisify(execFile)('sh', ['-c', 'printf abc > "$0"', pipe]),
    ])
    expect(bytesOf(given).toString()).toBe('abc')
  })
})

describe('standard input', () => {
  it('of a process comes whole', async () => {
    const child = spawn('seq', ['1', '300000'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const { given } = await drain(only(openInputs(['-'], { stdin: child.stdout })).chunks())
    const text = bytesOf(given).toString()
    expect(text.length).toBe(1988895)
    expect(text.endsWith('\n300000\n')).toBe(true)
  })

  it('is handed on as it comes', async () => {
    const stream = new PassThrough()
    const chunks = only(openInputs([], { stdin: stream }))
      .chunks()
      [Symbol.asyncIterator]()
    for (const text of ['a', 'bc']) {
      stream.write(text)
      const { value } = await chunks.next()
      expect(bytesOf([value]).toString()).toBe(text)
    }
    stream.end()
    expect((await chunks.next()).done).toBe(true)
  })

  it('without end is read no further than asked for, and destroyed when left', async () => {
    let produced = 0
    const stream = new Readable({
      read() {
        produced++
        this.push(Buffer.alloc(65536))
      },
    })
    let taken = 0
    for await (const _ of only(openInputs([], { stdin: stream })).chunks()) if (++taken === 5) break
    expect(produced).toBeLessThan(15)
    expect(stream.destroyed).toBe(true)
  })

  it('that fails says at which byte', async () => {
    const cause = new Error('read EIO')
    const stream = Readable.from(
      (function* () {
        yield Buffer.from('abc')
        throw cause
      })(),
    )
    const { given, error } = await drain(only(openInputs([], { stdin: stream })).chunks())
    expect(bytesOf(given).toString()).toBe('abc')
    expect(error).toMatchObject({
      code: 'INPUT_UNREADABLE',
      cause,
      context: { input: '-', byte: 3, reason: 'read EIO' },
    })
    expect((error as Error).message).toContain('standard input cannot be read beyond byte 3: read EIO')
  })

  it('that was closed already is no empty input', async () => {
    const stream = new PassThrough()
    stream.destroy()
    await once(stream, 'close')
    const { error } = await drain(only(openInputs([], { stdin: stream })).chunks())
    expect(error).toMatchObject({ code: 'INPUT_UNREADABLE', context: { byte: 0 } })
  })
})
