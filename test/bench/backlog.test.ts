import { describe, expect, test } from 'vitest'
import { Backlog } from '../../src/bench/backlog.ts'
import { disturbanceOf } from '../../src/bench/disturbance.ts'
import { Histogram } from '../../src/latency/index.ts'

const over = (value: (share: number) => number) => Array.from({ length: 60 }, (_, at) => value(at / 59))

describe('a backlog of 10,000 messages due', () => {
  test.each<[string, number[], boolean]>([
    ['none', over(() => 0), false],
    ['up and down with the linger', over(share => 50 + 40 * Math.sin(share * 100)), false],
    ['a stall that passes', over(share => (share > 0.3 && share < 0.7 ? 4000 * (share - 0.3) : 5)), false],
    ['a stall at the end', over(share => (share > 0.8 ? 8000 * (share - 0.8) : 5)), false],
    ['half the rate is carried', over(share => 5000 * share), true],
    ['19 of 20 are carried', over(share => 500 * share), true],
    ['a start that is made up for', over(share => 500 * (1 - share)), false],
    ['growth below what can be told', over(share => 50 * share), false],
    ['nothing was followed', [], false],
    ['one look', [5000], false],
    ['too few looks', [0, 5000], false],
  ])('%s: saturated %s', (_, samples, saturated) => {
    const backlog = new Backlog()
    for (const [at, sample] of samples.entries()) backlog.note(sample, at)
    expect(backlog.saturated(10_000)).toBe(saturated)
    expect(backlog.growth).toBe((samples.at(-1) ?? 0) - (samples[0] ?? 0))
  })
})

test('what is due before the first message can have ended is no growth', () => {
  const far = new Backlog()
  for (let at = 0; at < 30; at++) far.note(Math.min(at, 15) * 100, Math.max(0, at - 14))
  expect(far.saturated(3000)).toBe(false)
  const grows = new Backlog()
  for (let at = 0; at < 30; at++) grows.note(at * 100, Math.max(0, at - 14))
  expect(grows.saturated(3000)).toBe(true)
})

describe('disturbanceOf', () => {
  test.each<[string, number, number, string | undefined]>([
    ['no call', 0, 0, undefined],
    ['1 % late', 990, 10, undefined],
    ['more', 985, 15, '1.5 % of the calls were made more than 10 ms late'],
    ['all', 0, 7, '100 % of the calls'],
  ])('%s', (_, early, late, why) => {
    const lateness = new Histogram()
    for (let n = 0; n < early; n++) lateness.record(9.9e6)
    for (let n = 0; n < late; n++) lateness.record(10.2e6)
    if (why === undefined) expect(disturbanceOf(lateness)).toBeUndefined()
    else expect(disturbanceOf(lateness)).toContain(why)
  })
})
