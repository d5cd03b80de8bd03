import { describe, expect, test } from 'vitest'
import type { MillraceError } from '../../src/index.ts'
import { raiseFatalError } from '../../src/testing/index.ts'
import { engines, type Rig, useRigs } from './rig.ts'

describe.each(engines)('the %s engine', engine => {
  const rig = useRigs(engine)

  // row 16
  test.each(['known', 'not known yet'])(
    'a partition beyond the topic’s inside a batch, the topic being %s: that message only; flush ends',
    async known => {
      const { producer, cluster, topic } = await rig({ partitions: 2 })
      if (known === 'known') await producer.send({ topic, partition: 0, value: 'first' })
      const messages = [0, 9, 1, 2, 0].map((partition, n) => ({ topic, partition, value: `${n}` }))
      const result = await producer.sendBatch(messages)
      expect(result).toMatchObject({ offered: 5, delivered: 3 })
      expect(result.failures.map(({ index }) => index)).toEqual([1, 3])
      for (const { error } of result.failures) {
        expect(error).toMatchObject({
          kafkaName: '_UNKNOWN_PARTITION',
          fault: 'record',
          possiblyPersisted: false,
        })
      }
      await producer.flush({ timeoutMs: 5000 })
      const { accepted, delivered, failed, unsent } = await producer.close()
      expect(accepted).toBe(delivered + failed + unsent.length)
      const log = (await cluster.readAll(topic)).map(({ value }) => String(value))
      expect(log.filter(value => value !== 'first').sort()).toEqual(['0', '2', '4'])
    },
  )

  // row 19
  /** Offers messages of which some meet the error. */
  const ways: [name: string, offer: (rig: Rig) => Promise<void>][] = [
    [
      'out of the broker’s answer',
      async ({ cluster, ledger }) => {
        await cluster.pushBrokerErrors(1, 'Produce', [{ error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }])
        ledger.offer(200)
      },
    ],
  ]
  if (engine === 'batch') {
    ways.push([
      'raised',
      async ({ producer, ledger }) => {
        ledger.offer(200)
        raiseFatalError(producer)
      },
    ])
  }
  test.each(ways)(
    'a fatal error in mid-run, %s: it refuses further work with the reason; all accounted for',
    async (_name, offer) => {
      // lingering, so that no call is being made when the error comes (what is told otherwise: see below)
      const made = await rig({ properties: { 'linger.ms': 200 } })
      const { producer, ledger } = made
      ledger.offer(50)
      await ledger.ended()
      const fatal = new Promise<MillraceError>(resolve => producer.once('fatal', resolve))
      await offer(made)
      const reason = {
        code: 'PRODUCER_FATAL',
        message: expect.stringMatching(/out of order sequence number/),
      }
      expect(await fatal).toMatchObject(reason)
      ledger.offer(10)
      const fates = await ledger.ended()
      for (const fate of fates.slice(-10)) expect(fate).toMatchObject({ state: 'refused', error: reason })
      expect(ledger.of('delivered')).toHaveLength(50)
      await ledger.check()
    },
  )

  test.each(ways)('a fatal error, %s, that a call meets first: all accounted for', async (_name, offer) => {
    const made = await rig({ properties: { 'batch.num.messages': 20, 'linger.ms': 2 } })
    const { producer, ledger } = made
    const fatal = new Promise<MillraceError>(resolve => producer.once('fatal', resolve))
    await offer(made)
    ledger.offer(200)
    expect(await fatal).toMatchObject({ code: 'PRODUCER_FATAL' })
    await ledger.ended()
    await ledger.check()
  })

  if (engine === 'batch') {
    test('a fatal error that a call meets first is told with its reason', async () => {
      const { producer, topic } = await rig()
      const fatal = new Promise<MillraceError>(resolve => producer.once('fatal', resolve))
      raiseFatalError(producer, { reason: 'told by this test' })
      await producer.send({ topic, value: 'v' }).catch(() => {})
      expect(await fatal).toMatchObject({ message: expect.stringContaining('told by this test') })
    })
  }
})
