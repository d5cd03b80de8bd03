import { expect, test } from 'vitest'
import { brokerCores, brokerCpuPerMillion, brokerGcMsPerSecond } from '../../src/bench/broker-cost.ts'

const figures = (user: number, system: number, gcMs: number | null = null) => ({
  seconds: 2,
  messagesPerSecond: 1000,
  broker: { processes: 1, cpuSeconds: { user, system }, gcMs },
})

test.each<[string, number, number, number | null]>([
  ['nothing', 0, 0, null],
  ['a tick, which may as well be none', 0.01, 0, null],
  ['less than twenty ticks', 0.1, 0.09, null],
  ['enough', 0.15, 0.05, 0.1],
  ['much', 1, 1, 1],
])('of a cluster that used %s', (_, user, system, cores) => {
  expect(brokerCores(figures(user, system))).toBe(cores)
  expect(brokerCpuPerMillion(figures(user, system))).toBe(cores === null ? null : cores * 1000)
})

test('pauses are told by the JVM itself, however little processor time there is', () => {
  expect(brokerGcMsPerSecond(figures(0, 0, 4))).toBe(2)
})

test.each([null, undefined])('of a cluster that is elsewhere (%s) nothing is told', broker => {
  const elsewhere = { ...figures(1, 1), broker }
  expect([brokerCores(elsewhere), brokerCpuPerMillion(elsewhere), brokerGcMsPerSecond(elsewhere)]).toEqual([
    null,
    null,
    null,
  ])
})
