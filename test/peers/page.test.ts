import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Figures } from '../../bench/comparison/figures.ts'
import { pageOf, pagePath } from '../../bench/comparison/page.ts'
import { type Recorded, readRecorded, withNew } from '../../bench/comparison/recorded.ts'
import { defaultSettings } from '../../bench/peers/settings.ts'
import type { Summary } from '../../src/bench/statistics.ts'

function summary(median: number): Summary {
  return { median, low: median * 0.9, high: median * 1.1, method: 'order-statistic', coverage: 0.97 }
}

function figures(name: string, rate: number, more: Partial<Figures> = {}): Figures {
  return {
    name,
    client: `${name} 1.0`,
    valid: 11,
    void: [],
    messagesPerSecond: summary(rate),
    wholeMessagesPerSecond: null,
    ratios: { 'node-rdkafka': summary(rate / 100_000), 'rdkafka-performance': null },
    cpuSecondsPerMillion: summary(0.5),
    messagesPerBatch: { client: 1234.4, cluster: null },
    messagesPerRequest: null,
    ...more,
  }
}

const recorded: Recorded = {
  cluster: 'kafka',
  environment: {
    date: '2026-11-22T00:00:00.000Z',
    millrace: '0.1.0',
    commit: null,
    node: '20.20.2',
    nodeRdkafka: '3.6.1',
    librdkafka: '2.12.0',
    os: 'Linux',
    cpu: { model: 'some', count: 2 },
    memoryBytes: 1,
    loadAverage: 0,
  },
  settings: defaultSettings,
  messageSize: 100,
  partitions: 4,
  run: 8000,
  pairs: 11,
  seconds: 4,
  pollingRates: null,
  subjects: {},
  absent: [{ name: 'franz-go', reason: 'there is no go here' }],
  figures: [
    figures('kafkajs', 90_000),
    figures('millrace', 1_500_000, {
      void: [{ round: 2, reason: 'millrace is void: it died\nwith a trace' }],
    }),
    figures('kcat', 0, { messagesPerSecond: null, wholeMessagesPerSecond: summary(1_600_000) }),
    figures('java', 0, { valid: 0, messagesPerSecond: null }),
  ],
  rounds: [],
}

describe('docs/peers.md', () => {
  test('is what was recorded; if not: node --import tsx bench/peers-page.ts', () => {
    expect(readFileSync(pagePath, 'utf8')).toBe(pageOf(readRecorded()))
  })

  test('says so when nothing was', () => {
    expect(pageOf([])).toContain('No results are recorded yet.')
  })
})

describe('the page of a comparison', () => {
  const page = pageOf([recorded])
  const rows = page.split('\n').filter(line => line.startsWith('| '))

  test('has the fastest first, with intervals and ratios', () => {
    expect(rows.map(row => row.split(' | ')[0])).toEqual([
      '| client',
      '| ---',
      '| millrace, sendBatch of frames',
      '| kafkajs',
      '| whole process, lines from a file',
      '| ---',
      '| kcat',
    ])
    expect(rows[2]).toBe(
      '| millrace, sendBatch of frames | 1,500k (1,350k to 1,650k) | 15.00 (13.50 to 16.50) |  | 0.50 | 1,234, – |',
    )
    expect(rows[6]).toBe('| kcat | 1,600k (1,440k to 1,760k) | – |')
  })

  test('tells what was absent, void or not equal', () => {
    expect(page).toContain('- franz-go (Go): there is no go here')
    expect(page).toContain(
      '- millrace, sendBatch of frames: 1 of 12 trials, first: millrace is void: it died\n',
    )
    expect(page).toContain('- kafkajs: does not linger or gather')
    expect(page).toContain('- kafkajs 1.0')
  })

  test('tells the settings', () => {
    expect(page).toContain('Messages of 100 bytes')
    expect(page).toContain('linger 5 ms')
    expect(page).toContain('11 rounds of 4 s a trial; medians, with intervals of 95 % or more')
    expect(pageOf([{ ...recorded, pairs: 3 }])).toContain('too few rounds for more')
  })

  test('has Apache Kafka first', () => {
    const both = pageOf([{ ...recorded, cluster: 'embedded' }, recorded])
    expect(both.indexOf('## Apache Kafka')).toBeLessThan(both.indexOf('## Embedded'))
  })
})

test('a new comparison takes the place of the one on the same cluster', () => {
  const other = { ...recorded, cluster: 'embedded' } as const
  const newer = { ...recorded, pairs: 20 }
  expect(withNew([recorded, other], newer)).toEqual([other, newer])
})
