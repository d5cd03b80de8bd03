import { describe, expect, test } from 'vitest'
import { engines, useRigs } from './rig.ts'

describe.each(engines)('the %s engine', engine => {
  const rig = useRigs(engine)

  // row 7
  test('the leader moves under load: all delivered, in order', async () => {
    const { cluster, ledger, topic } = await rig({ brokers: 3, properties: { 'linger.ms': 1 } })
    for (const leader of [2, 3, 1, 3]) {
      ledger.offer(100)
      await cluster.setLeader(topic, 0, leader)
      ledger.offer(100)
      await ledger.ended()
    }
    expect(ledger.of('delivered')).toHaveLength(800)
    expect(await ledger.check()).toEqual(Array.from({ length: 800 }, (_, n) => n))
  })

  // row 8
  test('a partition leaderless beyond delivery.timeout.ms: its messages fail in time and say why', async () => {
    const { cluster, producer, ledger, topic } = await rig({
      partitions: 3,
      properties: { 'delivery.timeout.ms': 2500 },
    })
    for (const partition of [0, 1, 2]) ledger.offer(2, { partition })
    await ledger.ended()
    await cluster.setLeader(topic, 1, null)
    const begun = performance.now()
    for (const partition of [0, 1, 2]) ledger.offer(20, { partition })
    await ledger.ended()
    expect(performance.now() - begun).toBeLessThan(10_000)
    expect(ledger.of('delivered')).toHaveLength(46)
    expect(ledger.of('failed')).toHaveLength(20)
    for (const error of ledger.errors()) {
      expect(error).toMatchObject({
        kafkaName: '_MSG_TIMED_OUT',
        possiblyPersisted: engine === 'callback',
        partition: 1,
        message: expect.stringMatching(/leader/),
      })
    }
    // and it goes on once there is a leader again
    await cluster.setLeader(topic, 1, 1)
    await expect.poll(async () => (await producer.describeTopic(topic))?.partitions[1]?.leader).toBe(1)
    ledger.offer(2, { partition: 1 })
    await ledger.ended()
    expect(ledger.of('delivered')).toHaveLength(48)
    await ledger.check()
  })
})
