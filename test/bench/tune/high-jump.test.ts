import { describe, expect, test } from 'vitest'
import { seeded } from '../../../src/bench/random.ts'
import { mostTrialsForLatency, searchLatency } from '../../../src/bench/tune/high-jump.ts'
import { type Configuration, type Dimension, startOf } from '../../../src/bench/tune/search.ts'

const dimensions: Dimension[] = [
  { name: 'producers', values: [1, 2] },
  { name: 'linger.ms', values: [5, 0, 1, 2] },
]
const CAPACITY = 1e6
const options = { seed: 1, leastGain: 5 }

/** Keeps p99 below its goal up to a rate; `luck`: the share of jumps that end otherwise than they should. */
function field(limit: (configuration: Configuration) => number, luck = 0, seed = 1) {
  const random = seeded(seed)
  const jumps: { configuration: Configuration; rate: number }[] = []
  const jump = async (configuration: Configuration, rate: number) => {
    jumps.push({ configuration, rate })
    const should = rate <= limit(configuration)
    const kept = random() / 2 ** 32 < luck ? !should : should
    return { kept, p99Ms: kept ? Number(configuration['linger.ms']) + 1 : null }
  }
  return { jump, jumps }
}

describe('searchLatency', () => {
  test('finds who keeps the goal at the highest rate', async () => {
    const { jump } = field(({ 'linger.ms': linger }) =>
      linger === 1 ? 150_000 : linger === 0 ? 120_000 : 80_000,
    )
    const { winner, rates, steps } = await searchLatency(dimensions, CAPACITY, jump, options)
    expect(winner).toEqual({ producers: 1, 'linger.ms': 1 })
    // the highest bars below the limits: a fifth apart
    expect(rates?.start).toBeGreaterThan(80_000 / 1.2)
    expect(rates?.start).toBeLessThanOrEqual(80_000)
    expect(rates?.winner).toBeGreaterThan(150_000 / 1.2)
    expect(rates?.winner).toBeLessThanOrEqual(150_000)
    expect(steps.map(({ name, from, to }) => [name, from, to])).toEqual([
      ['producers', 1, 1],
      ['linger.ms', 5, 1],
    ])
    expect(steps[1]?.tried.find(({ value }) => value === 1)?.rate).toBe(rates?.winner)
    expect(steps[1]?.tried.find(({ value }) => value === 2)).toMatchObject({ trials: 2, rate: null })
  })

  test('one that clears no higher bar takes no place', async () => {
    const { jump } = field(() => 100_000)
    const { winner, rates } = await searchLatency(dimensions, CAPACITY, jump, options)
    expect(winner).toEqual(startOf(dimensions))
    expect(rates?.winner).toBe(rates?.start)
  })

  test('of equals the one with the shorter latency', async () => {
    const { jump } = field(({ 'linger.ms': linger }) => (linger === 5 ? 50_000 : 100_000))
    const { winner } = await searchLatency(dimensions, CAPACITY, jump, options)
    expect(winner['linger.ms']).toBe(0)
  })

  test('a start that keeps it at no rate can be beaten', async () => {
    const { jump } = field(({ 'linger.ms': linger }) => (linger === 0 ? 20_000 : 0))
    const { winner, rates } = await searchLatency(dimensions, CAPACITY, jump, options)
    expect(winner['linger.ms']).toBe(0)
    expect(rates?.start).toBeNull()
    expect(rates?.winner).toBeGreaterThan(10_000)
  })

  test('nobody keeps it', async () => {
    const { jump } = field(() => 0)
    expect(await searchLatency(dimensions, CAPACITY, jump, options)).toMatchObject({
      winner: startOf(dimensions),
      rates: { start: null, winner: null },
    })
  })

  test('everybody keeps it: no more trials than was said', async () => {
    const { jump, jumps } = field(() => Number.POSITIVE_INFINITY)
    const { rates } = await searchLatency(dimensions, CAPACITY, jump, options)
    expect(rates?.start).toBe(CAPACITY)
    expect(jumps.length).toBeLessThanOrEqual(mostTrialsForLatency(dimensions))
  })

  test.each([1, 2, 3, 4, 5, 6])(
    'with bad luck in a tenth of jumps it stays within what was said (seed %i)',
    async seed => {
      const { jump, jumps } = field(({ 'linger.ms': linger }) => (linger === 1 ? 400_000 : 80_000), 0.1, seed)
      await searchLatency(dimensions, CAPACITY, jump, { seed, leastGain: 5 })
      expect(jumps.length).toBeLessThanOrEqual(mostTrialsForLatency(dimensions))
      for (const { rate } of jumps) expect(rate).toBeGreaterThan(0)
    },
  )
})
