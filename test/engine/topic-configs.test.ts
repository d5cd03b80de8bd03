import { describe, expect, test } from 'vitest'
import { loadBinding } from '../../src/engine/binding.ts'
import { topicConfigs } from '../../src/engine/topic-configs.ts'
import { useEmbeddedCluster, useProducers } from '../support/cluster.ts'

const cluster = useEmbeddedCluster()
const connect = useProducers(() => cluster().bootstrapServers, 'batch')
const callback = useProducers(() => cluster().bootstrapServers, 'callback')

// what Kafka itself answers stands in test/integration/preflight.test.ts
describe('a cluster that does not tell', () => {
  test('is known at once by its versions', async () => {
    await expect(topicConfigs(await connect(), ['t'], { broker: 1 })).rejects.toMatchObject({
      name: 'MillraceError',
      code: 'REQUEST_FAILED',
      context: { kafkaName: '_UNSUPPORTED_FEATURE' },
    })
  })

  test('a broker that there is not: the time is kept', async () => {
    const producer = await connect()
    await expect(topicConfigs(producer, ['t'], { broker: 77, timeoutMs: 100 })).rejects.toMatchObject({
      code: 'BROKER_UNREACHABLE',
    })
  })

  test('the callback engine has no handle to ask through', async () => {
    await expect(topicConfigs(await callback(), ['t'], { broker: 1 })).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
    })
  })
})

describe('a producer that closes', () => {
  test('meanwhile: does not wait for the answer, and the question is told', async () => {
    const producer = await connect()
    const asked = topicConfigs(producer, ['t'], { broker: 77, timeoutMs: 60_000 })
    const failed = expect(asked).rejects.toMatchObject({ code: 'PRODUCER_CLOSED' })
    await producer.close()
    await failed
  })

  test('before', async () => {
    const producer = await connect()
    await producer.close()
    await expect(topicConfigs(producer, ['t'], { broker: 1 })).rejects.toMatchObject({
      code: 'PRODUCER_CLOSED',
    })
  })
})

test.each([
  [[]],
  [[1, 1, 't', 1]],
  [[1, 't', 't', 1, () => {}]],
  [[1, 1, ['t'], 1, () => {}]],
  [[1, 1, 't', '1', () => {}]],
  [[1, 1, 't', 1, 'done']],
])('the addon refuses %j', args => {
  const call = loadBinding().binding.topicConfigs as (...args: unknown[]) => boolean
  expect(() => call(...args)).toThrow(TypeError)
})

test.each([0, -1, Number.NaN, 4_000_000_000, 1e300])('there is no channel %d', channel => {
  expect(loadBinding().binding.topicConfigs(channel, 1, 't', 1, () => {})).toBe(false)
})

test.each(['', '\n\n', 'x'.repeat(100_000), 'a\u0000b'])('names that cannot be: %#', async topics => {
  const producer = await connect()
  await expect(topicConfigs(producer, [topics], { broker: 1, timeoutMs: 1000 })).rejects.toMatchObject({
    code: 'REQUEST_FAILED',
  })
})
