import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Clock, Pacer, partOf, type Schedule, type Slot } from '../../src/bench/pacer.ts'
import { percentile } from '../../src/latency/index.ts'

/** Time goes on only in sleeps, each of which takes so much longer than asked for. */
class FakeClock implements Clock {
  sleeps = 0
  readonly #late: () => number
  #now = 0

  constructor(late: () => number = () => 0) {
    this.#late = late
  }

  now(): number {
    return this.#now
  }

  async sleep(ms: number): Promise<void> {
    this.sleeps++
    this.#now += Math.max(0, ms) + this.#late()
  }

  pass(ms: number): void {
    this.#now += ms
  }
}

const schedule: Schedule = { rate: 1000, startAt: 0, messages: 10, first: 0, step: 1 }

async function all(pacer: Pacer, clock: Clock, most = 1): Promise<(Slot & { at: number })[]> {
  const slots: (Slot & { at: number })[] = []
  for (;;) {
    const slot = await pacer.next(most)
    if (slot === null) return slots
    pacer.called(slot)
    slots.push({ ...slot, at: clock.now() })
  }
}

describe('a pacer', () => {
  test('gives each message out when it is due', async () => {
    const clock = new FakeClock()
    const slots = await all(new Pacer(schedule, clock), clock)
    expect(slots).toEqual(Array.from({ length: 10 }, (_, n) => ({ count: 1, dueAt: n, at: n })))
  })

  test('spreads the messages of a tick over it, one call each', async () => {
    const clock = new FakeClock()
    const slots = await all(new Pacer({ ...schedule, rate: 4000 }, clock), clock)
    expect(slots.map(({ dueAt }) => dueAt)).toEqual(Array.from({ length: 10 }, (_, n) => n / 4))
  })

  test('after a stall gives all that is late at once, due when it was, a tick in each call', async () => {
    const clock = new FakeClock()
    const pacer = new Pacer({ ...schedule, rate: 2000, messages: 1000 }, clock)
    await pacer.next(100)
    clock.pass(300)
    const { sleeps } = clock
    const late: Slot[] = []
    let due = 0
    while (due < 600) {
      const slot = (await pacer.next(100)) as Slot
      late.push(slot)
      due += slot.count
    }
    expect(clock.sleeps).toBe(sleeps)
    expect(late[0]).toMatchObject({ dueAt: 0.5 })
    expect(Math.max(...late.map(({ count }) => count))).toBeLessThanOrEqual(3)
    // none later than its schedule says because others were late
    expect(late.at(-1)?.dueAt).toBeLessThanOrEqual(300)
  })

  test('a call takes no more than it may', async () => {
    const clock = new FakeClock()
    const slots = await all(new Pacer({ ...schedule, rate: 1e6, messages: 2500 }, clock), clock, 400)
    expect(Math.max(...slots.map(({ count }) => count))).toBeLessThanOrEqual(400)
    expect(slots.reduce((sum, { count }) => sum + count, 0)).toBe(2500)
  })

  test('its lateness is that of its calls', async () => {
    const clock = new FakeClock(() => 3)
    const pacer = new Pacer({ ...schedule, rate: 100 }, clock)
    await all(pacer, clock)
    expect(pacer.lateness.count).toBe(10)
    expect((percentile(pacer.lateness, 'p50') as number) / 1e6).toBeCloseTo(3, 1)
  })

  test('for want of room it is late without being the cause, until it has caught up', async () => {
    const clock = new FakeClock()
    const pacer = new Pacer(schedule, clock)
    pacer.called((await pacer.next(1)) as Slot)
    const held = (await pacer.next(1)) as Slot
    pacer.held()
    clock.pass(5)
    pacer.called(held)
    for (let n = 0; n < 5; n++) pacer.called((await pacer.next(1)) as Slot)
    expect(pacer.lateness.count).toBe(1)
    pacer.called((await pacer.next(1)) as Slot)
    expect(pacer.lateness.count).toBe(2)
    expect(pacer.lateness.max).toBe(0)
  })

  test('after stop it gives nothing out, and its sleep is short', async () => {
    const clock = new FakeClock()
    const pacer = new Pacer({ ...schedule, rate: 0.001 }, clock)
    await pacer.next(1)
    const next = pacer.next(1)
    pacer.stop()
    expect(await next).toBeNull()
    expect(clock.now()).toBeLessThanOrEqual(50)
  })

  test('parts are the schedule again, whatever the clock does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0.5, max: 1e6, noNaN: true }),
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 100 }),
        fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { minLength: 1, maxLength: 20 }),
        async (rate, messages, of, most, delays) => {
          let count = 0
          for (let index = 0; index < of; index++) {
            let at = 0
            const clock = new FakeClock(() => delays[at++ % delays.length] as number)
            const part = partOf({ ...schedule, rate, messages }, index, of)
            for (const slot of await all(new Pacer(part, clock), clock, most)) {
              count += slot.count
              expect(slot.count).toBeLessThanOrEqual(most)
              // never before its time
              expect(slot.at).toBeGreaterThanOrEqual(slot.dueAt)
              // all messages of a call are due within a tick
              expect(((slot.count - 1) * of * 1000) / rate).toBeLessThanOrEqual(1.001)
            }
          }
          expect(count).toBe(messages)
        },
      ),
      { numRuns: 50 },
    )
  })
})
