import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TuneVerdict } from '../../../src/bench/tune/confirm.ts'
import { type TuneReport, tuneReport } from '../../../src/bench/tune/tune-report.ts'
import { resolveProperties } from '../../../src/config/index.ts'

type Known = Parameters<typeof tuneReport>[0]

const where = { date: '2026-11-22T01:02:03.000Z', embedded: false }
const start = { producers: 1, outstanding: 10_000, compression: 'none', 'linger.ms': 5 }
const winner = { producers: 2, outstanding: 100_000, compression: 'lz4', 'linger.ms': 25 }
const ratio = { estimate: 1.3, low: 1.1, high: 1.5 }
const faster: TuneVerdict = {
  kind: 'faster',
  text: 'faster by 30 % (10 to 50 %)',
  pairs: 9,
  ratio,
  p: 0.01,
  kept: null,
}
const undecided: TuneVerdict = { ...faster, kind: 'undecided', text: 'undecided (about 5 more pairs needed)' }
const trial = {
  order: 1,
  configuration: start,
  rate: 'max' as const,
  state: 'valid',
  why: null,
  messagesPerSecond: 1,
  p99Ms: null,
}

function known(more: Partial<Known> = {}): Known {
  return {
    goal: { kind: 'throughput' },
    searched: [],
    start,
    winner,
    mostTrials: { search: 40, fresh: 50 },
    search: { done: true, steps: [], trials: Array(30).fill(trial), rates: null },
    confirmation: {
      rate: null,
      verdict: faster,
      settings: [{ name: 'linger.ms', from: 5, to: 25, verdict: undecided }],
    },
    ...more,
  }
}

function readBack(report: TuneReport): object {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-tuned-'))
  const file = join(folder, 'tuned.properties')
  writeFileSync(file, report.file)
  try {
    return { ...resolveProperties({ file, environment: {}, flags: [] }).properties }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('tuneReport', () => {
  test('confirmed: properties to paste, with what each gained; the rest as options', () => {
    const report = tuneReport(known(), where)
    expect(report).toMatchObject({
      confirmed: true,
      properties: { 'queue.buffering.max.messages': 100_000, 'compression.type': 'lz4', 'linger.ms': 25 },
      options: { producers: 2 },
      conclusion:
        'producers 2, outstanding 100000, compression lz4, linger.ms 25: faster by 30 % (10 to 50 %) than the start configuration, by 9 fresh pairs.',
    })
    expect(report.file.split('\n')).toEqual([
      '# millrace bench --tune throughput, 2026-11-22',
      `# ${report.conclusion}`,
      '# no property, but --producers 2: producers instead of 1: not measured by itself',
      '# outstanding instead of 10000: not measured by itself',
      'queue.buffering.max.messages=100000',
      '# compression instead of none: not measured by itself',
      'compression.type=lz4',
      '# linger.ms instead of 5: undecided (about 5 more pairs needed)',
      'linger.ms=25',
      '',
    ])
  })

  test('the file is one that -F reads', () => {
    const read = readBack(tuneReport(known(), where))
    expect(Object.entries(read).map(([name, value]) => [name, String(value)])).toEqual([
      ['queue.buffering.max.messages', '100000'],
      ['compression.type', 'lz4'],
      ['linger.ms', '25'],
    ])
  })

  test('on an embedded cluster it says that it was none of Kafka', () => {
    expect(tuneReport(known(), { ...where, embedded: true }).file).toContain('which is not Kafka')
  })

  test('not borne out: said so, and nothing that -F would take', () => {
    const confirmation = { rate: null, verdict: undecided, settings: [] }
    const report = tuneReport(known({ confirmation }), where)
    expect(report.confirmed).toBe(false)
    expect(report.conclusion).toMatch(
      /was not borne out by 9 fresh pairs: undecided .* Keep the start configuration/,
    )
    expect(report.file).toContain('#linger.ms=25\n')
    expect(readBack(report)).toEqual({})
  })

  test('nothing beat the start', () => {
    const report = tuneReport(known({ winner: start, confirmation: null }), where)
    expect(report).toMatchObject({ confirmed: false, properties: {}, options: {}, file: '' })
    expect(report.conclusion).toBe('Nothing beat the start configuration in 30 trials: leave it as it is.')
  })

  test('where every trial was void, the start is no best', () => {
    const faulty = { ...trial, state: 'void', why: 'it died', messagesPerSecond: null }
    const search = { ...known().search, trials: [faulty, faulty] }
    const report = tuneReport(known({ search, winner: start, confirmation: null }), where)
    expect(report.conclusion).toBe('Nothing could be measured: it died.')
  })

  test.each<[string, Partial<Known>, string]>([
    ['early', { winner: start }, 'cut short after 30 trials; nothing better was found by then.'],
    [
      'later',
      {},
      'best by then: producers 2, outstanding 100000, compression lz4, linger.ms 25, not measured again.',
    ],
  ])('interrupted %s', (_, more, told) => {
    const search = { ...known().search, done: false }
    expect(tuneReport(known({ search, confirmation: null, ...more }), where).conclusion).toContain(told)
  })

  describe('latency', () => {
    const goal = { kind: 'latency', p99Ms: 20 } as const
    const search = { ...known().search, rates: { start: 50_000, winner: 72_000 } }
    const better = (winner: number) => ({
      rate: 72_000,
      verdict: {
        ...faster,
        text: `better: the goal kept in ${winner} of 9 trials, against 0`,
        kept: { winner, other: 0 },
      },
      settings: [],
    })

    test('a rate that holds', () => {
      const report = tuneReport(known({ goal, search, confirmation: better(8) }), where)
      expect(report.confirmed).toBe(true)
      expect(report.conclusion).toContain('at 72,000 messages a second, p99 below 20 ms: better')
    })

    test('a rate that was luck', () => {
      const report = tuneReport(known({ goal, search, confirmation: better(6) }), where)
      expect(report.confirmed).toBe(false)
      expect(report.conclusion).toContain('it did not hold that rate')
    })

    test('at no rate', () => {
      const none = { ...search, rates: { start: null, winner: null }, trials: [{ ...trial, rate: 500 }] }
      const report = tuneReport(known({ goal, search: none, winner: start, confirmation: null }), where)
      expect(report.conclusion).toBe(
        'No configuration kept p99 below 20 ms in 1 trial, not even at 500 messages a second.',
      )
    })

    test('nothing beat the start, and what that keeps', () => {
      // what it cleared at first, on a cold broker, and what it did when it held its place
      const same = { ...search, rates: { start: 41_000, winner: 50_000 } }
      expect(
        tuneReport(known({ goal, search: same, winner: start, confirmation: null }), where).conclusion,
      ).toBe(
        'Nothing beat the start configuration in 30 trials, which kept the goal at 50,000 messages a second: leave it as it is.',
      )
    })
  })
})
