import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Command, Patience } from '../../bench/peers/hear.ts'
import { VoidTrial } from '../../bench/peers/protocol.ts'
import { type Subject, trial } from '../../bench/peers/trial.ts'

const tiny: Command = {
  path: process.execPath,
  args: [fileURLToPath(new URL('fixtures/tiny-driver.mjs', import.meta.url))],
}
const MESSAGES = 300

function subject(variant: string): Subject {
  return {
    driver: 'tiny',
    variant,
    properties: {},
    outstanding: 1000,
    messageSize: 10,
    warmupSeconds: 0,
    length: { seconds: 1 },
    partitions: 3,
  }
}

function run(variant: string, patience?: Patience, command = tiny) {
  return trial(subject(variant), 1, { commands: { tiny: command }, ...(patience && { patience }) })
}

describe('a driver that keeps to the protocol', () => {
  test('is measured within its window', async () => {
    const outcome = await run('honest')
    expect(outcome).toMatchObject({
      whole: { offered: MESSAGES, delivered: MESSAGES, failed: 0 },
      messagesPerBatch: { client: 100, cluster: null },
      messagesPerRequest: 150,
      gcMs: null,
      client: 'tiny 1.0, expected nothing',
    })
    expect(outcome.messagesPerSecond).toBeCloseTo(MESSAGES / outcome.seconds)
    expect(outcome.cpuSecondsPerMillion).toBeCloseTo((0.1 * 1e6) / MESSAGES)
    expect(outcome.startToLastSeconds).toBeGreaterThanOrEqual(outcome.seconds)
  })

  test('that only knows its whole is measured from its start to its last acknowledgement', async () => {
    const outcome = await run('knows its whole')
    expect(outcome.seconds).toBe(outcome.startToLastSeconds)
    expect(outcome.cpuSecondsPerMillion).toBeNaN()
  })

  test('that was done too soon is void, and the next one is told what to expect', async () => {
    await expect(run('is done too soon')).rejects.toThrow(/done too soon with 300 messages/)
    await expect(run('is done too soon')).rejects.toBeInstanceOf(VoidTrial)
    const { client } = await run('knows its whole')
    expect(client).toBe('tiny 1.0, expected something')
  })
})

describe('a driver that does not', () => {
  test.each([
    ['dies', /it ended with exit code 7 before it said "ready": out of luck/],
    ['dies late', /it ended with exit code 9 before it said "last acknowledgement"/],
    ['lies', /1300 offered, 1300 delivered, 0 failed, end offsets moved by 300/],
    ['fails', /305 offered, 300 delivered, 5 failed, end offsets moved by 300/],
    ['talks', /it said what is no event: hello/],
    ['complains', /no broker would have it/],
    ['skips its start', /it said "last acknowledgement" where "start" was due/],
    ['has another clock', /its clock is off: "start"/],
    ['stretches its window', /its window is not between its start and its last acknowledgement/],
  ])('%s: void, with the reason', async (variant, reason) => {
    const error = await run(variant).catch((error: Error) => error)
    expect(error).toBeInstanceOf(VoidTrial)
    expect((error as Error).message).toMatch(reason)
    expect((error as Error).message).toMatch(`tiny ${variant} is void: `)
  })

  test('is never ready: given up', async () => {
    const given = run('is never ready', { readyMs: 500, resultMs: 500, endMs: 500 })
    await expect(given).rejects.toThrow(/it was given up after 0.5 s, before it said "ready"/)
  })

  test('is never ready, and deaf: killed', async () => {
    const given = run('is deaf', { readyMs: 500, resultMs: 500, endMs: 500 })
    await expect(given).rejects.toThrow(/it was given up after 0.5 s, before it said "ready"/)
  })

  test('cannot be started', async () => {
    const missing = { path: '/nowhere/driver', args: [] }
    await expect(run('honest', undefined, missing)).rejects.toThrow(
      /it could not be started \(spawn \/nowhere/,
    )
  })
})
