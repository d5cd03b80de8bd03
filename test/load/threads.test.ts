import { expect, test } from 'vitest'
import { openInputs, wholeOf } from '../../src/input/index.ts'
import { Load } from '../../src/load/load.ts'
import { PartQueue } from '../../src/load/part-queue.ts'
import { allOf } from '../../src/load/stretch.ts'
import { useFiles } from '../cli/harness.ts'
import { freshTopic, useEmbeddedCluster, useProducers } from '../support/cluster.ts'

const cluster = useEmbeddedCluster()
const connect = useProducers(() => cluster().bootstrapServers, 'batch')
const file = useFiles()
const stdin = undefined as never

test('a thread that dies ends the load, and what was accepted is accounted for', async () => {
  const topic = freshTopic()
  const producer = await connect({ 'allow.auto.create.topics': true, 'linger.ms': 100 })
  const lines = Array.from({ length: 2000 }, (_, n) => `record ${n} ${'.'.repeat(90)}\n`)
  const load = new Load({
    topic,
    producers: [producer],
    inputs: openInputs([file('one.txt', lines.join('')), file('two.txt', lines.join(''))], { stdin }),
    read: { maxRecords: 50 },
    threads: 2,
    threadEntry: new URL('../support/fixtures/dying-load-thread.ts', import.meta.url),
    stallTimeoutMs: 20_000,
    drainTimeoutMs: 20_000,
  })
  const result = await load.run()
  expect(result).toMatchObject({ outcome: 'unexpected', error: { code: 'THREAD_DIED' }, failed: 0 })
  expect(result.error?.message).toMatch(/thrown on purpose/)
  expect(result.read).toBe(result.sent + result.skipped + result.rejected + result.unsent)
  expect(result.delivered).toBeGreaterThan(0)
  expect(await cluster().readAll(topic)).toHaveLength(result.delivered)
})

test('parts: the largest file first, cut where it is large, others whole', async () => {
  const large = file('large.txt', 'x'.repeat(99).concat('\n').repeat(2000))
  const small = file('small.txt', 'x\n'.repeat(100))
  const packed = file('packed.gz', Buffer.alloc(100_000))
  const inputs = openInputs([small, packed, large], { stdin })
  const queue = new PartQueue(allOf(inputs), () => ({}), 2)
  expect(queue.atMost).toBe(8 + 2)
  const parts = await Promise.all(Array.from({ length: 12 }, () => queue.next()))
  const known = parts.filter(part => part !== undefined).map(({ part }) => part)
  expect(known.map(({ name }) => name)).toEqual([...Array(known.length - 2).fill(large), packed, small])
  expect(known.slice(-2)).toEqual([wholeOf(inputs[1] as never), wholeOf(inputs[0] as never)])
  expect(known.length).toBeGreaterThan(7)
  expect(parts.at(-1)).toBeUndefined()
})
