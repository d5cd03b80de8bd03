import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gunzip, gunzipByNode } from '../../src/input/gzip.ts'
import { readRecords } from '../../src/input/read.ts'
import type { Chunk, Input } from '../../src/input/source.ts'
import { type Decompression, packingOf, unpacked } from '../../src/input/unpack.ts'
import { Unpacker } from '../../src/input/unpacker.ts'
import { unzstd, unzstdInJavaScript, unzstdWithoutAddon } from '../../src/input/zstd.ts'
import { cut, drain, inputOf, iterate, valuesOf } from './helpers.ts'

// made with zstd 1.5.5: "hello\nworld\n", with a checksum and without
const HELLO = 'hello\nworld\n'
const ZSTD = Buffer.from('KLUv/SQMYQAAaGVsbG8Kd29ybGQKtQ6HFw==', 'base64')
const ZSTD_NO_CHECKSUM = Buffer.from('KLUv/SAMYQAAaGVsbG8Kd29ybGQK', 'base64')
// 300,000 times "0123456789\n", 3.3 MB in a few blocks
const ZSTD_LONG = Buffer.from(
  'KLUv/YRYoFoyAJwAAFgwMTIzNDU2Nzg5CgEA8v/OixdMAAAINwEA/P85EAJMAAAIMwEA/P85EAJMAAAICgEA/P85EAJMAAAINgEA/P85EAJMAAAIMgEA/P85EAJMAAAIOQEA/P85EAJMAAAINQEA/P85EAJMAAAIMQEA/P85EAJMAAAIOAEA/P85EAJMAAAINAEA/P85EAJMAAAIMAEA/P85EAJMAAAINwEA/P85EAJMAAAIMwEA/P85EAJMAAAICgEA/P85EAJMAAAINgEA/P85EAJMAAAIMgEA/P85EAJMAAAIOQEA/P85EAJMAAAINQEA/P85EAJMAAAIMQEA/P85EAJMAAAIOAEA/P85EAJMAAAINAEA/P85EAJMAAAIMAEA/P85EAJMAAAINwEA/P85EAJMAAAIMwEA/P85EAJFAAAICgEAnNoOhAkd9lI=',
  'base64',
)
const SKIPPABLE = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9])
// a frame of one raw block without bytes
const ZSTD_EMPTY = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0])

const gz = (text: string) => gzipSync(text)
const each = (bytes: Buffer, size: number) => new Array<number>(Math.ceil(bytes.length / size)).fill(size)

async function unpack(name: string, bytes: Buffer, size = bytes.length, asked?: Decompression) {
  const { given, error } = await drain(unpacked(inputOf(bytes, name, each(bytes, size || 1)), asked))
  return { text: textOf(given), error }
}

function textOf(chunks: readonly Chunk[]): string {
  return Buffer.concat(chunks.map(({ memory, start }) => memory.subarray(start))).toString('latin1')
}

describe('how an input is packed', () => {
  it.each([
    ['a.csv.gz', 'a.csv', 'gzip'],
    ['a.GZ', 'a', 'gzip'],
    ['dir.gz/a.zst', 'dir.gz/a', 'zstd'],
    ['a.tgz', 'a.tgz', 'none'],
    ['gz', 'gz', 'none'],
  ])('%s', (given, name, packing) => {
    expect(packingOf(given)).toEqual({ name, packing })
  })

  it.each<[string, string, Buffer, Decompression | undefined, string]>([
    ['a name', 'a.gz', gz(HELLO), undefined, HELLO],
    ['a name that lies, told so', 'a.gz', Buffer.from(HELLO), 'none', HELLO],
    ['no name, told so', 'a', ZSTD, 'zstd', HELLO],
    [
      'a name alone, not the bytes of a file',
      'a',
      Buffer.from('\x1f\x8b\x08', 'latin1'),
      undefined,
      '\x1f\x8b\x08',
    ],
    ['standard input, gzip', '-', gz(HELLO), undefined, HELLO],
    ['standard input, zstd', '-', ZSTD, undefined, HELLO],
    ['standard input, plain', '-', Buffer.from(HELLO), undefined, HELLO],
    ['standard input, almost gzip', '-', Buffer.from('\x1f\x8b!', 'latin1'), undefined, '\x1f\x8b!'],
    ['standard input, too short to tell', '-', Buffer.from('\x28\xb5', 'latin1'), undefined, '\x28\xb5'],
    ['standard input, nothing', '-', Buffer.alloc(0), undefined, ''],
    ['standard input, packed and told to be left alone', '-', ZSTD, 'none', ZSTD.toString('latin1')],
  ])('%s', async (_name, name, bytes, asked, text) => {
    for (const size of [1, 3, 1000]) {
      expect(await unpack(name, bytes, size, asked)).toEqual({ text, error: undefined })
    }
  })

  it('plain standard input is given on as it comes', async () => {
    const input: Input = {
      name: '-',
      size: null,
      async *chunks() {
        yield { memory: Buffer.from('a'), start: 0 }
        await new Promise(() => {})
      },
    }
    const { value } = await unpacked(input)[Symbol.asyncIterator]().next()
    expect(textOf([value])).toBe('a')
  })
})

describe.each([
  ['by the addon', (name, chunks) => gunzip(name, chunks, true)],
  ['by the addon, not ahead', (name, chunks) => gunzip(name, chunks, false)],
  ['by Node', gunzipByNode],
] satisfies [string, (name: string, chunks: AsyncIterable<Chunk>) => AsyncIterable<Chunk>][])(
  'gzip, %s',
  (_way, decode) => {
    async function run(bytes: Buffer, size = bytes.length) {
      const { given, error } = await drain(decode('a.gz', iterate(cut(bytes, each(bytes, size || 1)))))
      return { text: textOf(given), error }
    }

    const members = Buffer.concat([gz('a\nb'), gz(''), gz('c\n')])

    it.each(each(members, 1).map((_, at) => at + 1))('several members, cut every %i bytes', async size => {
      expect(await run(members, size)).toEqual({ text: 'a\nbc\n', error: undefined })
    })

    it('zeros after the end are padding', async () => {
      for (const size of [1, 7, 1000]) {
        const padded = Buffer.concat([members, Buffer.alloc(600)])
        expect(await run(padded, size)).toEqual({ text: 'a\nbc\n', error: undefined })
      }
    })

    it.each([1, 7, 1000])('what follows padding is not passed over, cut every %i bytes', async size => {
      const bytes = Buffer.concat([gz('a\n'), Buffer.alloc(9), gz('b\n')])
      const { text, error } = await run(bytes, size)
      expect(text).toBe('a\n')
      expect(error).toMatchObject({
        code: 'INPUT_UNREADABLE',
        message: expect.stringMatching(/something else follows/),
      })
    })

    it('larger than what is held at a time, in order', async () => {
      const text = Array.from({ length: 200_000 }, (_, index) => `${index}\n`).join('')
      const { text: found, error } = await run(gz(text), 5000)
      expect(error).toBeUndefined()
      expect(found === text).toBe(true)
    })

    it('cut off anywhere: what is before is given out, and the error says where', async () => {
      const text = Array.from({ length: 300 }, (_, index) => `${index * index}\n`).join('')
      const whole = gz(text)
      for (let length = 0; length < whole.length; length += 13) {
        const { text: found, error } = await run(whole.subarray(0, length), 64)
        expect(text.startsWith(found)).toBe(true)
        expect(error).toMatchObject({
          code: 'INPUT_UNREADABLE',
          message: expect.stringMatching(/^a\.gz cannot be read beyond byte \d+: its gzip stream is cut off/),
          context: { input: 'a.gz', byte: found.length },
        })
      }
    })

    it('damage is an error', async () => {
      const whole = gz(HELLO.repeat(1000))
      whole[whole.length - 6]! ^= 1
      const { error } = await run(whole)
      expect(error).toMatchObject({
        code: 'INPUT_UNREADABLE',
        message: expect.stringMatching(/cannot be unpacked/),
      })
      const garbage = Buffer.concat([gz(HELLO), Buffer.from('garbage')])
      expect((await run(garbage)).error).toMatchObject({ code: 'INPUT_UNREADABLE' })
      expect((await run(Buffer.from(HELLO))).error).toMatchObject({ code: 'INPUT_UNREADABLE' })
    })

    it('the error of the input itself stays as it is', async () => {
      const broken = new Error('the disk is gone')
      const input: Input = {
        name: 'a.gz',
        size: null,
        async *chunks() {
          yield { memory: gz(HELLO), start: 0 }
          throw broken
        },
      }
      const { given, error } = await drain(decode('a.gz', input.chunks()))
      expect(textOf(given)).toBe(HELLO)
      expect(error).toMatchObject({ code: 'INPUT_UNREADABLE', cause: broken })
    })

    it('left early, it leaves the input', async () => {
      let left = false
      const input: Input = {
        name: 'a.gz',
        size: null,
        async *chunks() {
          try {
            for (;;) yield { memory: gz('x'.repeat(1_000_000)), start: 0 }
          } finally {
            left = true
          }
        },
      }
      for await (const _chunk of decode('a.gz', input.chunks())) break
      expect(left).toBe(true)
    })
  },
)

describe('gzip, by the addon', () => {
  it('is what there is here', () => {
    const unpacker = Unpacker.open('gzip')
    expect(unpacker).toBeDefined()
    unpacker?.close()
  })

  it('nothing before damage is lost', async () => {
    const text = Array.from({ length: 100_000 }, (_, index) => `${index * index}\n`).join('')
    const whole = gz(text)
    whole[whole.length - 8]! ^= 1
    const chunks = iterate(cut(whole, each(whole, 5000)))
    const { given, error } = await drain(gunzip('a.gz', chunks, true))
    expect(textOf(given) === text).toBe(true)
    const message = expect.stringMatching(/cannot be unpacked there: incorrect data check/)
    expect(error).toMatchObject({ code: 'INPUT_UNREADABLE', message, context: { byte: text.length } })
  })

  it('what is packed a thousandfold comes a chunk at a time', async () => {
    const size = 200 * 1024 * 1024
    const packed = gzipSync(Buffer.alloc(size))
    const before = process.memoryUsage.rss()
    let length = 0
    let most = 0
    for await (const { memory, start } of gunzip('a.gz', iterate(cut(packed, [])), true)) {
      length += memory.length - start
      most = Math.max(most, process.memoryUsage.rss() - before)
      expect(memory.length - start).toBeLessThanOrEqual(512 * 1024)
    }
    expect(length).toBe(size)
    expect(most).toBeLessThan(size / 2)
  })

  it('given on as it comes, where the next piece keeps one waiting', async () => {
    const chunks = async function* () {
      yield { memory: gz(HELLO), start: 0 }
      await new Promise(() => {})
    }
    const { value } = await gunzip('-', chunks(), false).next()
    expect(textOf([value as Chunk])).toBe(HELLO)
  })

  it('whatever it is packed of, and wherever it is cut', async () => {
    const member = fc.tuple(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.constantFrom(0, 1, 9),
    )
    const lengths = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(fc.array(member, { minLength: 1, maxLength: 4 }), lengths, async (members, cuts) => {
        const parts = members.map(([bytes, times]) => Buffer.concat(new Array(times).fill(bytes)))
        const packed = Buffer.concat(
          parts.map((part, at) => gzipSync(part, { level: members[at]?.[2] ?? 6 })),
        )
        const { given, error } = await drain(gunzip('a.gz', iterate(cut(packed, cuts, 3)), true))
        expect(error).toBeUndefined()
        expect(textOf(given) === Buffer.concat(parts).toString('latin1')).toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})

describe.each([
  ['in JavaScript', unzstdInJavaScript],
  ['as this Node has it', unzstdWithoutAddon],
  ['by the addon, where the process has a libzstd', (name, chunks) => unzstd(name, chunks, true)],
] satisfies [string, (name: string, chunks: AsyncIterable<Chunk>) => AsyncIterable<Chunk>][])(
  'zstd, %s',
  (_name, decode) => {
    async function run(bytes: Buffer, size = bytes.length) {
      const { given, error } = await drain(decode('a.zst', iterate(cut(bytes, each(bytes, size || 1)))))
      return { text: textOf(given), error }
    }

    const frames = Buffer.concat([ZSTD, ZSTD_NO_CHECKSUM, ZSTD_EMPTY, ZSTD])

    it.each([1, 2, 3, 5, 8, 13, 21, 34, 1000])('several frames, cut every %i bytes', async size => {
      expect(await run(frames, size)).toEqual({ text: HELLO.repeat(3), error: undefined })
    })

    it.each([1, 5, 1000])('skippable frames are skipped, cut every %i bytes', async size => {
      const bytes = Buffer.concat([SKIPPABLE, ZSTD, SKIPPABLE, ZSTD])
      expect(await run(bytes, size)).toEqual({ text: HELLO.repeat(2), error: undefined })
    })

    it('of many blocks, in order', async () => {
      const { text, error } = await run(ZSTD_LONG, 100)
      expect(error).toBeUndefined()
      expect(text === '0123456789\n'.repeat(300_000)).toBe(true)
    })

    it('cut off anywhere', async () => {
      for (let length = 1; length < frames.length; length++) {
        const { text, error } = await run(frames.subarray(0, length), 7)
        expect(HELLO.repeat(3).startsWith(text)).toBe(true)
        const ends = [ZSTD.length, ZSTD.length + ZSTD_NO_CHECKSUM.length]
        if (ends.includes(length) || length === ends[1]! + ZSTD_EMPTY.length) expect(error).toBeUndefined()
        else expect(error).toMatchObject({ code: 'INPUT_UNREADABLE', context: { byte: text.length } })
      }
    })

    it('any byte changed is an error, or changes nothing', async () => {
      for (let at = 0; at < ZSTD.length; at++) {
        const bytes = Buffer.from(ZSTD)
        bytes[at]! ^= 0x11
        const { text, error } = await run(bytes)
        if (error === undefined) expect(text).toBe(HELLO)
        else expect(error).toMatchObject({ code: 'INPUT_UNREADABLE', context: { input: 'a.zst' } })
      }
    })

    it('something else after the frames is an error', async () => {
      const { error } = await run(Buffer.concat([ZSTD, Buffer.from('garbage')]), 1)
      expect(error).toMatchObject({ code: 'INPUT_UNREADABLE' })
    })
  },
)

describe('records of packed inputs', () => {
  it('of every format, by their names', async () => {
    const read = async (name: string, bytes: Buffer) => {
      const { given, error } = await drain(readRecords(inputOf(bytes, name), { csvValues: undefined }))
      expect(error).toBeUndefined()
      return valuesOf(given)
    }
    expect(await read('a.txt.gz', gz('1\n2'))).toEqual(['1', '2'])
    expect(await read('a.zst', ZSTD)).toEqual(['hello', 'world'])
    expect(await read('a.csv.gz', gz('a,b\n1,2\n'))).toEqual(['1,2'])
    expect(await read('a.jsonl.gz', gz('{"a":1}\n'))).toEqual(['{"a":1}'])
  })

  it('cut off inside a record: those before it are given out', async () => {
    const bytes = Buffer.concat([gz('1\n2\n3'), gz('4\n5').subarray(0, 5)])
    const { given, error } = await drain(readRecords(inputOf(bytes, 'a.gz')))
    expect(valuesOf(given)).toEqual(['1', '2'])
    expect(error).toMatchObject({ code: 'INPUT_UNREADABLE', context: { byte: 5 } })
  })
})
