// What the addon promises of lanes, tried without the engine that JavaScript puts over them. All are of this thread.
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { loadBinding } from '../../src/engine/binding.ts'
import { FIELDS, Packer } from '../../src/engine/packer.ts'
import type { Producer } from '../../src/index.ts'
import { sharedOf } from '../../src/producer/share.ts'
import { freshTopic, useEmbeddedCluster, useProducers } from '../support/cluster.ts'

const cluster = useEmbeddedCluster()
const connect = useProducers(() => cluster().bootstrapServers, 'batch')
const making = { 'allow.auto.create.topics': true, 'linger.ms': 0 } as const
const COST = 300

const binding = () => loadBinding().binding

function attach(producer: Producer, wake: () => void = () => {}): number {
  return binding().attach(sharedOf(producer.share()).token, wake)
}

/** Ends the lease, with nothing sent. */
function crossEmpty(lane: number): void {
  binding().singles(lane, new Int32Array(FIELDS), 0, Buffer.alloc(1), new Int16Array(1), new Float64Array(1))
}

// a lane that had polled, and was told only once its message was offered, would miss reports behind one that came between:
// librdkafka tells that there are some when there were none before
test('who has leased credits is told of reports, and no longer when the lease is over', async () => {
  const producer = await connect(making)
  const topic = freshTopic()
  await producer.send({ topic, value: 'first' })
  let woken = 0
  const lane = attach(producer, () => {
    woken++
  })
  for (let round = 0; round < 3; round++) {
    expect(binding().lease(lane, COST)).toBeGreaterThan(0)
    await producer.send({ topic, value: 'leased' })
    await expect.poll(() => woken).toBe(1)
    crossEmpty(lane)
    binding().look(lane)
    await producer.send({ topic, value: 'not leased' })
    await turn()
    expect(woken).toBe(1)
    woken = 0
  }
  expect(producer.counts).toMatchObject({ accepted: 7, delivered: 7, inFlight: 0 })
  binding().release(lane)
})

test.each([
  ['before it reads that a batch has ended', false],
  ['between reading that a batch has ended and freeing it', true],
])('the memory of a lane that is left %s is given back', async (_, reads) => {
  const producer = await connect(making)
  const before = await blocksInUse()
  const lane = attach(producer)
  const topic = binding().topic(lane, freshTopic())
  const batch = offerLent(lane, topic)
  await expect.poll(() => binding().batchCounts(lane, batch)[2], { timeout: 5000 }).toBe(1)
  expect(await blocksInUse()).toBe(before + 1)
  if (reads) expect([...(binding().finished(lane) ?? [])]).toEqual([batch])
  binding().release(lane)
  expect(await blocksInUse()).toBe(before)
})

/** A batch of one message in lent memory that nobody else holds. */
function offerLent(lane: number, topic: number): number {
  const bytes = binding().lend(COST) as Buffer
  const packer = new Packer(1, () => topic)
  packer.add({ topic: 'any', value: null }, 0)
  const batch = binding().batch(lane, 1, true, 0)
  const ranges = Uint32Array.of(0, COST)
  const next = binding().framed(lane, batch, 0, 1, packer.fields, bytes, ranges, null, null, packer.arena, 1)
  expect(next).toBe(1)
  binding().seal(lane, batch)
  return batch
}

/** When what was given up is collected: that takes some turns. */
async function blocksInUse(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let calm = 0, last = -1; calm < 5; calm++) {
    collect()
    await turn()
    if (binding().lentBlocks() !== last) calm = 0
    last = binding().lentBlocks()
  }
  return binding().lentBlocks()
}
