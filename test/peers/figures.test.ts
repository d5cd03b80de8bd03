import { describe, expect, test } from 'vitest'
import type { Contender } from '../../bench/comparison/contenders.ts'
import { figuresOf } from '../../bench/comparison/figures.ts'
import type { Trial } from '../../bench/comparison/rounds.ts'
import type { Outcome } from '../../bench/peers/trial.ts'

function outcome(messagesPerSecond: number, more: Partial<Outcome> = {}): Outcome {
  return {
    messagesPerSecond,
    cpuSecondsPerMillion: 1,
    gcMs: null,
    eventLoopDelayP99Ms: null,
    threadCpuSecondsPerMillion: null,
    seconds: 4,
    startToLastSeconds: 6,
    messagesPerBatch: { client: 10, cluster: 12 },
    messagesPerRequest: null,
    client: 'a client 1.0',
    whole: { offered: 1, delivered: 1, failed: 0 },
    ...more,
  }
}

const one: Contender = { name: 'one', title: 'one', driver: 'millrace', variant: '' }
const lost: Trial = { void: 'it lost some' }

describe('the figures of a contender', () => {
  test('are of its valid trials, its ratios of the rounds in which both are valid', () => {
    const figures = figuresOf(one, [
      { one: outcome(300), 'node-rdkafka': outcome(100), 'rdkafka-performance': outcome(600) },
      { one: outcome(500), 'node-rdkafka': lost, 'rdkafka-performance': outcome(500) },
      { one: lost, 'node-rdkafka': outcome(1), 'rdkafka-performance': outcome(1) },
    ])
    expect(figures).toMatchObject({
      valid: 2,
      void: [{ round: 3, reason: 'it lost some' }],
      messagesPerSecond: { median: 400, low: 300, high: 500, method: 'range' },
      wholeMessagesPerSecond: null,
      ratios: { 'node-rdkafka': { median: 3 }, 'rdkafka-performance': { median: 0.75, low: 0.5, high: 1 } },
      messagesPerBatch: { client: 10, cluster: 12 },
      messagesPerRequest: null,
    })
  })

  test('of a whole process stand in a column of their own, without ratios', () => {
    const figures = figuresOf({ ...one, whole: true }, [{ one: outcome(300), 'node-rdkafka': outcome(100) }])
    expect(figures).toMatchObject({
      messagesPerSecond: null,
      wholeMessagesPerSecond: { median: 300 },
      ratios: { 'node-rdkafka': null, 'rdkafka-performance': null },
    })
  })

  test('a reference has no ratio to itself', () => {
    const { ratios } = figuresOf({ ...one, name: 'node-rdkafka' }, [
      { 'node-rdkafka': outcome(100), 'rdkafka-performance': outcome(200) },
    ])
    expect(ratios).toMatchObject({ 'node-rdkafka': null, 'rdkafka-performance': { median: 0.5 } })
  })

  test('what no client tells is not known', () => {
    const silent = outcome(1, {
      cpuSecondsPerMillion: Number.NaN,
      messagesPerBatch: { client: null, cluster: null },
    })
    expect(figuresOf(one, [{ one: silent }])).toMatchObject({
      cpuSecondsPerMillion: null,
      messagesPerBatch: { client: null, cluster: null },
    })
  })
})
