import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../bench/peers/trial.ts'
import { outcomeOf } from '../../bench/speed/line.ts'
import { allLines } from '../../bench/speed/lines.ts'
import { chosen, readOptions } from '../../bench/speed/options.ts'

const lines = allLines({ seconds: 4, millions: 50 })

/** Every figure of a subject is its number, so that a ratio tells which two were taken. */
function outcome(figure: number): Outcome {
  return {
    messagesPerSecond: figure,
    cpuSecondsPerMillion: figure,
    gcMs: 0,
    eventLoopDelayP99Ms: figure,
    threadCpuSecondsPerMillion: figure,
    seconds: 4,
    startToLastSeconds: 5,
    messagesPerBatch: { client: null, cluster: null },
    messagesPerRequest: null,
    client: 'a client',
    whole: { offered: 1, delivered: 1, failed: 0 },
  }
}

describe('the lines of the speed table', () => {
  test('have names of their own', () => {
    expect(new Set(lines.map(({ name }) => name)).size).toBe(lines.length)
  })

  test.each(lines.map(line => [line.name, line] as const))(
    '%s takes its figures from its trials',
    (_, line) => {
      const names = Object.keys(line.subjects)
      const round = Object.fromEntries(names.map((name, index) => [name, outcome(index + 2)]))
      for (const { of } of line.measures) expect(of(round)).toBeGreaterThan(0)
      expect(line.measures.some(({ claim }) => claim !== undefined)).toBe(true)
    },
  )

  test.each(lines.map(line => [line.name, line] as const))('%s gives all sides the same', (_, line) => {
    const subjects = Object.values(line.subjects)
    expect(new Set(subjects.map(({ messageSize }) => messageSize)).size).toBe(1)
    const linger = subjects.map(({ properties }) => properties['linger.ms'] ?? properties.lingerMs)
    expect(new Set(linger)).toEqual(new Set([line.settings.lingerMs]))
    const most = Math.max(...subjects.map(({ outstanding }) => outstanding))
    expect(most).toBeLessThanOrEqual(line.settings.messages)
  })

  test('a round without a subject is no figure', () => {
    expect(() => outcomeOf({}, 'framed')).toThrow('the round has no framed')
  })
})

describe('the options of the speed table', () => {
  test('defaults', () => {
    expect(readOptions([])).toEqual({
      only: [],
      pairs: 11,
      seconds: 4,
      millions: 50,
      kafka: false,
      record: true,
    })
  })

  test.each([
    [['--pairs', '0'], '--pairs takes a whole number from 1, not 0'],
    [['--seconds', '1.5'], '--seconds takes a whole number from 1, not 1.5'],
    [['--millions', '1'], '--millions takes a whole number from 2, not 1'],
    [['--line', 'framed'], "Unknown option '--line'"],
  ])('%j is refused', (args, message) => {
    expect(() => readOptions(args)).toThrow(message)
  })

  test('names choose lines, in the order of the table', () => {
    const all = [{ name: 'one' }, { name: 'two' }, { name: 'three' }]
    expect(chosen(all, readOptions(['--only', 'three,one']).only)).toEqual([
      { name: 'one' },
      { name: 'three' },
    ])
    expect(chosen(all, [])).toEqual(all)
    expect(() => chosen(all, ['four'])).toThrow('there is no line four; there are one, two, three')
  })
})
