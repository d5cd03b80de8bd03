import { describe, expect, test } from 'vitest'
import { MillraceError, Producer } from '../../src/index.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'

describe('embedded cluster', () => {
  test('starts, takes messages, gives them back, stops', async () => {
    await using cluster = await EmbeddedCluster.start({ brokers: 3 })
    expect(cluster.bootstrapServers.split(',')).toHaveLength(3)
    const producer = await Producer.connect({ 'bootstrap.servers': cluster.bootstrapServers })
    for (let n = 0; n < 8; n++) {
      await producer.send({ topic: 't', key: `k${n}`, value: `v${n}`, partition: n % 4, timestamp: 1000 + n })
    }
    await producer.close()
    const all = await cluster.readAll('t')
    expect(all.map(({ value }) => String(value)).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map(n => `v${n}`))
    const second = await cluster.readAll('t', { partition: 1 })
    expect(second.map(({ key, offset, timestamp }) => [String(key), offset, timestamp])).toEqual([
      ['k1', 0, 1001],
      ['k5', 1, 1005],
    ])
    expect(await cluster.readAll('t', { partition: 1, from: { offset: 1 } })).toHaveLength(1)
    expect(await cluster.readAll('t', { from: 'end' })).toEqual([])
    expect(await cluster.readAll('t', { limit: 3 })).toHaveLength(3)
    expect(await cluster.readAll('t', { limit: 0 })).toEqual([])
  })

  test('two run side by side', async () => {
    await using one = await EmbeddedCluster.start()
    await using other = await EmbeddedCluster.start()
    expect(one.bootstrapServers).not.toBe(other.bootstrapServers)
  })

  test('a stopped one is gone; stopping again is no error', async () => {
    const cluster = await EmbeddedCluster.start()
    await cluster.stop()
    await cluster.stop()
    const error = await Producer.connect(
      { 'bootstrap.servers': cluster.bootstrapServers },
      { timeoutMs: 300 },
    ).catch(error => error)
    expect(error).toMatchObject({ code: 'BROKER_UNREACHABLE' })
  })

  test.each([0, -1, 1.5, Number.NaN, 101])('refuses %s brokers', async brokers => {
    const error = await EmbeddedCluster.start({ brokers }).catch(error => error)
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code: 'USAGE' })
  })

  test.each([
    ['a topic that is not there', { topic: 'nowhere' }, /no topic nowhere/],
    ['a partition that is not there', { topic: 'here', partition: 99 }, /no partition 99/],
  ])('reading %s', async (_name, { topic, ...options }, text) => {
    await using cluster = await EmbeddedCluster.start()
    await using producer = await Producer.connect({ 'bootstrap.servers': cluster.bootstrapServers })
    await producer.send({ topic: 'here', value: '' })
    const error = await cluster.readAll(topic, options).catch(error => error)
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code: 'UNKNOWN_TOPIC', message: expect.stringMatching(text) })
  })
})
