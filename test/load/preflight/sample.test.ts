import { PassThrough } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type Input, openInputs, type ReadOptions } from '../../../src/input/index.ts'
import { peek } from '../../../src/load/preflight/peek.ts'
import { sampleInputs } from '../../../src/load/preflight/sample.ts'
import { useFiles } from '../../cli/harness.ts'

const file = useFiles()
const read: ReadOptions = { timestampField: 't' }

function open(...paths: string[]): Input[] {
  return openInputs(paths, { stdin: undefined as never })
}

async function sample(inputs: readonly Input[], options: ReadOptions = read, byTopic = false) {
  return sampleInputs(
    inputs.map(input => ({ input, read: options })),
    { byTopic },
  )
}

const lines = (count: number, line: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => `${line(n)}\n`).join('')

describe('timestamps', () => {
  test('of a small file: all of them, each once', async () => {
    const { topics } = await sample(
      open(
        file(
          'small.ndjson',
          lines(20, n => `{"t":${1000 + n}}`),
        ),
      ),
    )
    expect(topics.get('')).toMatchObject({
      records: 20,
      earliest: { timestamp: 1000 },
      latest: { timestamp: 1019, input: expect.stringContaining('small.ndjson') },
    })
  })

  test('of a large file: those at the beginning, and those at the end', async () => {
    const path = file(
      'large.ndjson',
      lines(50_000, n => `{"t":${1000 + n},"x":"................"}`),
    )
    const { topics } = await sample(open(path))
    const { records, earliest, latest } = topics.get('') ?? {}
    expect(earliest?.timestamp).toBe(1000)
    expect(latest?.timestamp).toBe(50_999)
    expect(records).toBeLessThan(5000)
  })

  test('of tsv, whose columns the first row names, at its end too', async () => {
    const path = file('large.tsv', `x\tt\n${lines(50_000, n => `................\t${1000 + n}`)}`)
    const { topics } = await sample(open(path))
    expect(topics.get('')?.latest.timestamp).toBe(50_999)
  })

  test.each([
    ['packed', 'a.ndjson.gz', gzipSync(lines(50_000, n => `{"t":${1000 + n}}`))],
    ['csv, which may have quotes', 'a.csv', `t\n${lines(50_000, n => `${1000 + n}`)}`],
  ])('%s: the beginning only', async (_name, name, content) => {
    const { topics } = await sample(open(file(name, content)))
    expect(topics.get('')?.earliest.timestamp).toBe(1000)
    expect(topics.get('')?.latest.timestamp).toBeLessThan(20_000)
  })

  test.each([
    ['bad records', 'bad.ndjson', 'no json\n{"t":5}\n{"t":"x"}\n', 1],
    ['nothing', 'none.ndjson', '', undefined],
    ['a packed file that is none', 'x.ndjson.gz', 'not packed', undefined],
    ['no timestamp in any', 'null.ndjson', '{"t":null}\n', undefined],
  ])('%s: what there is, and no error', async (_name, name, content, records) => {
    const { topics } = await sample(open(file(name, content)))
    expect(topics.get('')?.records).toBe(records)
  })

  test('beyond a thousand inputs: says how many it did not see', async () => {
    const path = file('one.ndjson', '{"t":5}\n')
    const input = open(path)[0] as Input
    const { topics, unseen } = await sample(Array.from({ length: 1003 }, () => input))
    expect(topics.get('')?.records).toBe(1000)
    expect(unseen).toBe(3)
  })
})

test('topics that records name, with a timestamp or without', async () => {
  const path = file('named.ndjson', '{"to":"a","t":5}\n{"to":"b","t":null}\n{"to":"a","t":3}\n')
  const { named, topics } = await sample(open(path), { ...read, topicField: 'to' }, true)
  expect([...named]).toEqual(['a', 'b'])
  expect(topics.get('a')).toMatchObject({ records: 2, earliest: { timestamp: 3 } })
  expect(topics.has('b')).toBe(false)
})

describe('standard input', () => {
  const stdin = (stream: PassThrough) => openInputs(['-'], { stdin: stream })[0] as Input
  const all = async (input: Input) => {
    const parts: Buffer[] = []
    for await (const { memory, start } of input.chunks()) parts.push(Buffer.from(memory.subarray(start)))
    return Buffer.concat(parts).toString()
  }

  test('is given out whole after its beginning was looked at; its last record may be cut off', async () => {
    const stream = new PassThrough()
    stream.write('{"t":5}\n{"t":6')
    const { head, input } = await peek(stdin(stream), 5000)
    const options = { ...read, format: 'ndjson' } as const
    const { topics } = await sampleInputs([{ input: head as Input, read: options }], {
      byTopic: false,
    })
    expect(topics.get('')).toMatchObject({ records: 1, latest: { timestamp: 5 } })
    stream.end('00}\n')
    expect(await all(input)).toBe('{"t":5}\n{"t":600}\n')
  })

  test.each([
    ['packed', gzipSync('{"t":5}\n'), 5],
    ['without a whole record', Buffer.from('{"t":5}'), undefined],
  ])('%s', async (_name, bytes, expected) => {
    const stream = new PassThrough()
    stream.write(bytes)
    const { head } = await peek(stdin(stream), 5000)
    const options = { ...read, format: 'ndjson' } as const
    const specimens = head === undefined ? [] : [{ input: head, read: options }]
    const { topics } = await sampleInputs(specimens, { byTopic: false })
    expect(topics.get('')?.earliest.timestamp).toBe(expected)
  })

  test('is not waited for', async () => {
    const stream = new PassThrough()
    const { head, input } = await peek(stdin(stream), 1)
    expect(head).toBeUndefined()
    stream.end('late')
    expect(await all(input)).toBe('late')
  })

  test.each([
    ['that is empty', (stream: PassThrough) => stream.end(), ''],
    ['that breaks', (stream: PassThrough) => stream.destroy(new Error('broke on purpose')), undefined],
  ])('%s', async (_name, act, expected) => {
    const stream = new PassThrough()
    act(stream)
    const { head, input } = await peek(stdin(stream), 5000)
    expect(head).toBeUndefined()
    if (expected !== undefined) expect(await all(input)).toBe(expected)
    else await expect(all(input)).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' })
  })
})
