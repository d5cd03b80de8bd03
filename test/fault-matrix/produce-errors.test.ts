import { describe, expect, test } from 'vitest'
import { engines, useRigs } from './rig.ts'

describe.each(engines)('the %s engine', engine => {
  const rig = useRigs(engine)

  // row 1
  test.each([1, 3])('a connection cut %i times while Produce is in flight: all delivered', async times => {
    // one in flight: the one that is cut was not written, so nothing may be there twice
    const { cluster, ledger } = await rig({
      properties: { 'max.in.flight.requests.per.connection': 1, 'batch.num.messages': 20 },
    })
    await cluster.pushBrokerErrors(
      1,
      'Produce',
      Array.from({ length: times }, () => ({ error: '_TRANSPORT' as const })),
    )
    ledger.offer(200)
    await ledger.ended()
    expect(await cluster.pendingBrokerErrors(1, 'Produce')).toBe(0)
    expect(ledger.of('delivered')).toHaveLength(200)
    expect(await ledger.check()).toEqual(Array.from({ length: 200 }, (_, n) => n))
  })

  test('a connection cut with five requests in flight: all delivered', async () => {
    const { cluster, ledger } = await rig({ properties: { 'batch.num.messages': 20, 'linger.ms': 0 } })
    await cluster.pushBrokerErrors(1, 'Produce', [{}, { error: '_TRANSPORT' }, {}, { error: '_TRANSPORT' }])
    ledger.offer(200)
    await ledger.ended()
    expect(ledger.of('delivered')).toHaveLength(200)
    await ledger.check({ once: false })
  })

  // row 3
  test('a burst of NOT_ENOUGH_REPLICAS: delivered after back-off', async () => {
    const { cluster, ledger } = await rig({ properties: { 'batch.num.messages': 20 } })
    await cluster.pushErrors('Produce', Array(12).fill('NOT_ENOUGH_REPLICAS'))
    ledger.offer(100)
    await ledger.ended()
    expect(ledger.of('delivered')).toHaveLength(100)
    await ledger.check()
  })

  // row 5
  test('TOPIC_AUTHORIZATION_FAILED on one request: its messages fail with the reason, later ones are delivered', async () => {
    const { cluster, producer, ledger, topic } = await rig({ properties: { 'linger.ms': 50 } })
    await cluster.pushErrors('Produce', ['TOPIC_AUTHORIZATION_FAILED'])
    ledger.offer(10)
    await ledger.ended()
    expect(ledger.of('failed')).toHaveLength(10)
    for (const error of ledger.errors()) {
      expect(error).toMatchObject({
        code: 'DELIVERY_FAILED',
        kafkaCode: 29,
        kafkaName: 'TOPIC_AUTHORIZATION_FAILED',
        retriable: false,
        fault: 'cluster',
        // without message status, nobody can know of an earlier attempt
        possiblyPersisted: engine === 'callback',
        topic,
        message: expect.stringContaining('WRITE permission'),
      })
    }
    // until metadata is refreshed librdkafka takes nothing for the topic, and says why
    await expect
      .poll(
        async () => {
          ledger.offer(2)
          const fates = (await ledger.ended()).slice(-2)
          for (const fate of fates) {
            if (fate.state !== 'delivered') expect(fate.error.context.kafkaName ?? fate.error).toBeDefined()
          }
          return fates.map(({ state }) => state)
        },
        { timeout: 10_000 },
      )
      .toEqual(['delivered', 'delivered'])
    expect(producer.counts.inFlight).toBe(0)
    await ledger.check()
  })
})
