import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Topics } from '../../src/bench/topics.ts'

/** Takes connections, and never says a word. */
let silent: Server
let properties: Record<string, string>
beforeAll(async () => {
  silent = createServer(socket => socket.on('error', () => {}))
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  properties = { 'bootstrap.servers': `127.0.0.1:${(silent.address() as { port: number }).port}` }
})
afterAll(() => silent.close())

test('making a topic ends with its signal', async () => {
  const topics = new Topics(properties)
  const abort = new AbortController()
  const made = topics.make(1, abort.signal)
  abort.abort()
  await expect(made).rejects.toMatchObject({ code: 'ABORTED' })
  await expect(topics.make(1, abort.signal)).rejects.toMatchObject({ code: 'ABORTED' })
})

test('of a cluster that does not answer one topic is waited for, not each of them', async () => {
  const topics = new Topics(properties, { timeoutMs: 300 })
  const names = Array.from({ length: 24 }, () => topics.make(1))
  const outcomes = await Promise.allSettled(names)
  expect(outcomes).toEqual(
    Array(24).fill({ status: 'rejected', reason: expect.objectContaining({ code: 'BROKER_UNREACHABLE' }) }),
  )
  const before = performance.now()
  expect(await topics.close()).toHaveLength(24)
  // four at a time they would take six times as long
  expect(performance.now() - before).toBeLessThan(1500)
})
