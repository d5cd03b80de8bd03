import { describe, expect, test } from 'vitest'
import { seeded } from '../../../src/bench/random.ts'
import {
  type Configuration,
  type Dimension,
  mostTrialsForThroughput,
  searchThroughput,
  startOf,
} from '../../../src/bench/tune/search.ts'

const dimensions: Dimension[] = [
  { name: 'producers', values: [1, 2, 4] },
  { name: 'linger.ms', values: [5, 0, 25, 100] },
  { name: 'batch.size', values: [1_000_000, 250_000] },
]

/** What each value multiplies the rate by, where it is not 1. */
type Surface = Readonly<Record<string, Readonly<Record<string, number | null>>>>

/** `noise`: trials differ by up to so much, and the machine gets slower by a third over the search. */
function machine(surface: Surface, noise = 0, seed = 1) {
  const random = seeded(seed)
  const runs: Configuration[] = []
  const measure = async (configuration: Configuration) => {
    runs.push(configuration)
    let rate = 1e6 * (1 - (noise > 0 ? runs.length / 150 : 0))
    for (const [name, value] of Object.entries(configuration)) {
      const factor = surface[name]?.[value] ?? (surface[name]?.[value] === null ? null : 1)
      if (factor === null) return null
      rate *= factor
    }
    return rate * (1 + noise * (random() / 2 ** 31 - 1))
  }
  return { measure, runs }
}

const options = { seed: 1, leastGain: 5 }
const start = startOf(dimensions)

describe('searchThroughput', () => {
  test('takes what is faster, one dimension after the other', async () => {
    const { measure } = machine({ producers: { 2: 1.4, 4: 1.2 }, 'linger.ms': { 25: 1.3, 100: 0.5 } })
    const { winner, steps, rates } = await searchThroughput(dimensions, measure, options)
    expect(winner).toEqual({ producers: 2, 'linger.ms': 25, 'batch.size': 1_000_000 })
    expect(steps.map(({ name, from, to }) => [name, from, to])).toEqual([
      ['producers', 1, 2],
      ['linger.ms', 5, 25],
      ['batch.size', 1_000_000, 1_000_000],
    ])
    expect(steps[0]?.tried.find(({ value }) => value === 2)?.gain).toBeCloseTo(1.4, 6)
    expect(rates).toBeNull()
  })

  test.each([1, 2, 3, 4, 5, 6])(
    'finds large effects in noise, on a machine that gets slower (seed %i)',
    async seed => {
      const { measure } = machine({ producers: { 2: 1.6 }, 'linger.ms': { 25: 1.6, 100: 0.5 } }, 0.12, seed)
      const { winner } = await searchThroughput(dimensions, measure, { seed, leastGain: 5 })
      expect(winner).toMatchObject({ producers: 2, 'linger.ms': 25 })
    },
  )

  test('leaves alone what gains too little', async () => {
    const { measure } = machine({ producers: { 2: 1.04 }, 'linger.ms': { 0: 1.049 } })
    expect((await searchThroughput(dimensions, measure, options)).winner).toEqual(start)
  })

  test('nothing is better than the start', async () => {
    const { measure } = machine({ producers: { 2: 0.9, 4: 0.8 }, 'linger.ms': { 0: 0.9, 25: 0.9, 100: 0.1 } })
    expect((await searchThroughput(dimensions, measure, options)).winner).toEqual(start)
  })

  test('a value that cannot be run is out, and no better for it', async () => {
    const { measure, runs } = machine({ 'batch.size': { 250000: null }, producers: { 4: null, 2: 1.2 } })
    const { winner, steps } = await searchThroughput(dimensions, measure, options)
    expect(winner).toMatchObject({ producers: 2, 'batch.size': 1_000_000 })
    expect(runs.filter(({ producers }) => producers === 4)).toHaveLength(1)
    expect(steps[2]?.tried).toContainEqual({ value: 250_000, trials: 1, gain: null, rate: null })
  })

  test('where the start itself cannot be run, it stays', async () => {
    const { measure } = machine({ producers: { 1: null, 2: null, 4: null } })
    expect((await searchThroughput(dimensions, measure, options)).winner).toEqual(start)
  })

  test('trials that are compared run in rounds, every second one backwards', async () => {
    const { measure, runs } = machine({ producers: { 2: 1.3, 4: 1.2 } })
    await searchThroughput(dimensions.slice(0, 1), measure, options)
    const order = runs.map(({ producers }) => producers)
    expect(order.slice(0, 3).sort()).toEqual([1, 2, 4])
    const both = order.slice(0, 3).filter(value => value !== 4)
    expect(order.slice(3, 5)).toEqual(both.toReversed())
    expect(order.slice(7, 9)).toEqual(order.slice(5, 7).toReversed())
  })

  test.each([1, 2, 3, 4, 5])('never makes more trials than was said (seed %i)', async seed => {
    const most = mostTrialsForThroughput(dimensions)
    expect(most).toBe(9 + 11 + 8)
    // all values alike: nothing is hopeless
    const { measure, runs } = machine({}, 0.01, seed)
    await searchThroughput(dimensions, measure, { seed, leastGain: 5 })
    expect(runs.length).toBeLessThanOrEqual(most)
  })

  test('the same seed makes the same trials', async () => {
    const made = await Promise.all(
      [7, 7, 8].map(async seed => {
        const { measure, runs } = machine({})
        await searchThroughput(dimensions, measure, { seed, leastGain: 5 })
        return JSON.stringify(runs)
      }),
    )
    expect(made[0]).toBe(made[1])
    expect(made[0]).not.toBe(made[2])
  })

  test('tells of each step as it is done', async () => {
    const told: number[] = []
    const { measure } = machine({})
    await searchThroughput(dimensions, measure, {
      ...options,
      onStep: ({ steps }) => told.push(steps.length),
    })
    expect(told).toEqual([1, 2, 3])
  })
})
