import { describe, expect, test } from 'vitest'
import { claims, ndjsonGoal } from '../../bench/load/claims.ts'
import { type Outcome, outcomeOf } from '../../bench/load/line.ts'
import { allLines } from '../../bench/load/lines.ts'
import { readOptions } from '../../bench/load/options.ts'
import { librdkafkaProperties as table } from '../../src/config/librdkafka-properties.generated.ts'
import { DEFAULT_LIMITS } from '../../src/engine/admission.ts'
import { effectiveProperties } from '../../src/producer/effective-properties.ts'

const named = allLines.map(line => [line.name, line] as const)
const subjects = allLines.flatMap(line =>
  Object.entries(line.subjects).map(([name, subject]) => [`${line.name}: ${name}`, line, subject] as const),
)

/** Every figure of a subject is its number, so that a ratio tells which two were taken. */
function outcome(figure: number): Outcome {
  return {
    seconds: figure,
    recordsPerSecond: figure,
    cpuSecondsPerMillion: figure,
    peakRssMegabytes: figure,
    load: { seconds: figure, recordsPerSecond: figure },
  }
}

describe('the lines of the table of loads', () => {
  test('have names of their own', () => {
    expect(new Set(allLines.map(({ name }) => name)).size).toBe(allLines.length)
  })

  test.each(named)('%s takes its figures from its trials', (_, line) => {
    const names = Object.keys(line.subjects)
    const round = Object.fromEntries(names.map((name, index) => [name, outcome(index + 2)]))
    for (const { of } of line.measures) expect(of(round)).toBeGreaterThan(0)
    expect(line.measures.some(({ claim }) => claim !== undefined)).toBe(true)
  })

  test('what is held against kcat is millrace over kcat', () => {
    const [line] = allLines.filter(({ name }) => name === 'lines-vs-kcat')
    const round = { millrace: outcome(6), kcat: outcome(3) }
    const claimed = line?.measures.filter(({ claim }) => claim !== undefined)
    expect(claimed?.map(({ claim, of }) => [claim, of(round)])).toEqual([
      [claims.linesToKcat, 2],
      [claims.linesCpuToKcat, 2],
    ])
  })

  test.each(subjects)('%s runs on an input that there is, with words that are known', (_, line, subject) => {
    expect(Object.keys(line.inputs)).toContain(subject.input)
    const words = subject.command.filter(word => word.startsWith('@'))
    expect(['@millrace', '@kcat', '@brokers', '@topic', '@input']).toEqual(expect.arrayContaining(words))
    expect(words).toEqual(expect.arrayContaining(['@brokers', '@topic', '@input']))
  })

  test.each(subjects)('%s gets properties only where it is not millrace', (_, __, { command }) => {
    expect(command.includes('-X')).toBe(command.includes('@kcat'))
  })

  test('a round without a subject is no figure', () => {
    expect(() => outcomeOf({}, 'kcat')).toThrow('the round has no kcat')
  })
})

test('kcat has what millrace has by default', () => {
  const [line] = allLines.filter(({ name }) => name === 'lines-vs-kcat')
  const command = line?.subjects.kcat?.command ?? []
  const given = command.filter((_, index) => command[index - 1] === '-X').map(set => set.split('='))
  const own = effectiveProperties({ 'bootstrap.servers': 'localhost:1' }, () => {})
  const limits = {
    'queue.buffering.max.messages': DEFAULT_LIMITS.messages,
    'queue.buffering.max.kbytes': DEFAULT_LIMITS.bytes / 1024,
    // idempotence lowers it to this
    'max.in.flight.requests.per.connection': 5,
  }
  const defaultOf = (name: string) => (table as Record<string, { default?: unknown }>)[name]?.default
  for (const [name = '', value] of given) {
    const millraces = { ...own, ...limits }[name] ?? defaultOf(name)
    expect([name, value]).toEqual([name, String(millraces)])
  }
  expect(given.length).toBeGreaterThan(8)
})

test.each([
  [3_000_000, 1_000_000],
  [1_500_000, 900_000],
  [500_000, 300_000],
])('with lines at %i a second, ndjson has to reach %i', (linesPerSecond, goal) => {
  expect(ndjsonGoal(linesPerSecond)).toBe(goal)
})

describe('the options of the table of loads', () => {
  test('defaults', () => {
    expect(readOptions([])).toEqual({ only: [], pairs: 7, kafka: false, record: true })
  })

  test('what is given', () => {
    const options = readOptions(['--only', 'rss,csv-json', '--pairs', '2', '--kafka', '--no-record'])
    expect(options).toEqual({ only: ['rss', 'csv-json'], pairs: 2, kafka: true, record: false })
  })

  test.each([
    [['--pairs', '0'], '--pairs takes a whole number from 1, not 0'],
    [['--pairs', 'many'], '--pairs takes a whole number from 1, not many'],
    [['--seconds', '4'], "Unknown option '--seconds'"],
  ])('%j is refused', (args, message) => {
    expect(() => readOptions(args)).toThrow(message)
  })
})
