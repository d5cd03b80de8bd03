import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Admission, DEFAULT_LIMITS, limitsFrom } from '../../src/engine/admission.ts'

describe('limits', () => {
  test.each([
    [{}, DEFAULT_LIMITS],
    [{ 'queue.buffering.max.messages': 7 }, { ...DEFAULT_LIMITS, messages: 7 }],
    [{ 'queue.buffering.max.messages': 0 }, { ...DEFAULT_LIMITS, messages: Number.POSITIVE_INFINITY }],
    [{ 'queue.buffering.max.kbytes': 2 }, { ...DEFAULT_LIMITS, bytes: 2048 }],
    [
      { 'queue.buffering.max.messages': '50', 'queue.buffering.max.kbytes': '1' },
      { messages: 50, bytes: 1024 },
    ],
  ])('%j', (properties, expected) => {
    expect(limitsFrom(properties)).toEqual(expected)
  })
})

describe('admission', () => {
  test('takes up to its limits and no further', () => {
    const admission = new Admission({ messages: 2, bytes: 100 })
    expect([admission.take(50), admission.take(50), admission.take(0)]).toEqual([true, true, false])
    admission.give(50)
    expect(admission.take(51)).toBe(false)
    expect(admission.take(50)).toBe(true)
    expect(admission.fits(100)).toBe(true)
    expect(admission.fits(101)).toBe(false)
  })

  // The lost wake-up: whoever was refused is woken by some give, whatever the limits and sizes are.
  test('an armed wake-up always comes, once, by the time everything was given back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 1000 }),
        fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 60 }),
        (messages, bytes, costs) => {
          const admission = new Admission({ messages, bytes })
          const taken: number[] = []
          for (const cost of costs) {
            if (!admission.fits(cost)) continue
            if (admission.take(cost)) {
              taken.push(cost)
              continue
            }
            let wakes = 0
            for (const back of taken.splice(0)) {
              admission.give(back)
              if (admission.wakes()) {
                wakes++
                // there is room now for at least something, and nobody is woken twice
                expect(admission.messages).toBeLessThan(messages)
              }
            }
            expect(wakes).toBe(1)
            expect(admission.take(cost)).toBe(true)
            taken.push(cost)
          }
          for (const back of taken) admission.give(back)
          expect([admission.messages, admission.bytes]).toEqual([0, 0])
        },
      ),
    )
  })

  test('does not wake who was not refused', () => {
    const admission = new Admission({ messages: 2, bytes: 100 })
    admission.take(1)
    admission.give(1)
    expect(admission.wakes()).toBe(false)
  })
})
