import { describe, expect, test } from 'vitest'
import { Producer } from '../../src/index.ts'
import { engines, useRigs } from './rig.ts'

describe.each(engines)('the %s engine', engine => {
  const rig = useRigs(engine)

  // row 9
  test('no broker at start: a bounded failure', async () => {
    const { cluster } = await rig()
    await cluster.setBrokerDown('all')
    const properties = { 'bootstrap.servers': cluster.bootstrapServers }
    await expect(Producer.connect(properties, { engine, timeoutMs: 500 })).rejects.toMatchObject({
      name: 'MillraceError',
      code: 'BROKER_UNREACHABLE',
    })
    await cluster.setBrokerUp('all')
    const producer = await Producer.connect(properties, { engine })
    await producer.close()
  })

  test('all brokers down in mid-run: every message is reported; up again, it goes on', async () => {
    const { cluster, ledger } = await rig({ brokers: 2, properties: { 'delivery.timeout.ms': 2500 } })
    ledger.offer(20)
    await ledger.ended()
    expect(ledger.of('delivered')).toHaveLength(20)
    await cluster.setBrokerDown('all')
    const begun = performance.now()
    ledger.offer(50)
    await ledger.ended()
    expect(performance.now() - begun).toBeLessThan(10_000)
    expect(ledger.of('failed')).toHaveLength(50)
    for (const error of ledger.errors()) expect(error).toMatchObject({ kafkaName: '_MSG_TIMED_OUT' })
    await cluster.setBrokerUp('all')
    await expect
      .poll(
        async () => {
          ledger.offer(2)
          return (await ledger.ended()).slice(-2).map(({ state }) => state)
        },
        { timeout: 10_000 },
      )
      .toEqual(['delivered', 'delivered'])
    await ledger.check()
  })

  test('the leader down and up again within delivery.timeout.ms: all delivered', async () => {
    const { cluster, producer, ledger, topic } = await rig({ brokers: 2 })
    await cluster.setLeader(topic, 0, 1)
    ledger.offer(20)
    await ledger.ended()
    await cluster.setBrokerDown(1)
    ledger.offer(20)
    await expect(producer.flush({ timeoutMs: 300 })).rejects.toMatchObject({
      code: 'FLUSH_TIMEOUT',
      context: { inFlight: 20 },
    })
    await cluster.setBrokerUp(1)
    await ledger.ended()
    expect(ledger.of('delivered')).toHaveLength(40)
    await ledger.check({ once: false })
  })

  // row 11
  test('a round trip of 2 s: backpressure, and never more in flight than there is room for', async () => {
    const { cluster, producer, topic } = await rig({ properties: { 'queue.buffering.max.messages': 100 } })
    // the producer's id comes before any message does
    await producer.send({ topic, partition: 0, value: 'first' })
    await cluster.setBrokerRtt('all', 2000)
    let taken = 0
    let ahead = 0
    let most = 0
    function* source() {
      while (taken < 1000) {
        const { delivered, inFlight } = producer.counts
        ahead = Math.max(ahead, taken + 1 - delivered)
        most = Math.max(most, inFlight)
        yield { topic, partition: 0, value: String(taken++) }
      }
    }
    const begun = performance.now()
    const run = producer.produceFrom(source())
    await expect.poll(() => producer.counts.delivered, { timeout: 10_000 }).toBeGreaterThan(1)
    expect(performance.now() - begun).toBeGreaterThan(1900)
    await cluster.setBrokerRtt('all', 0)
    expect(await run).toMatchObject({ accepted: 1000, delivered: 1000, unsent: [] })
    expect(most).toBeLessThanOrEqual(100)
    expect(ahead).toBeLessThanOrEqual(102)
    expect(await producer.close()).toMatchObject({ accepted: 1001, delivered: 1001, failed: 0, unsent: [] })
    const [, ...log] = await cluster.readAll(topic)
    expect(log.map(({ value }) => Number(value))).toEqual(Array.from({ length: 1000 }, (_, n) => n))
  })

  // row 13
  test('a round trip beyond delivery.timeout.ms with requests in flight: possibly persisted, and said so', async () => {
    const { cluster, ledger } = await rig({ properties: { 'delivery.timeout.ms': 2500 } })
    // the producer's id and the topic's leader come before any message does
    ledger.offer(1)
    await ledger.ended()
    await cluster.setBrokerRtt(1, 60_000)
    ledger.offer(20)
    await ledger.ended()
    expect(ledger.of('failed')).toHaveLength(20)
    for (const error of ledger.errors()) {
      expect(error).toMatchObject({
        kafkaName: '_MSG_TIMED_OUT',
        possiblyPersisted: true,
        message: expect.stringContaining('may or may not have been written'),
      })
    }
    await cluster.setBrokerRtt(1, 0)
    // only the answers were late: they are all there
    expect(new Set(await ledger.check({ once: false })).size).toBe(21)
  })
})
