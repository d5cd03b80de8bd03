import { afterEach, describe, expect, test } from 'vitest'
import { DeliveryError, MillraceError, Producer } from '../../src/index.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'

const open: { close?(options: { timeoutMs: number }): Promise<unknown>; stop?(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await (one.close?.({ timeoutMs: 0 }) ?? one.stop?.())
})

let next = 0

/** Row 20, and what else may happen to a transaction on its way to an end. */
describe.each(['batch', 'callback'] as const)('transactions of the %s engine', engine => {
  async function rig(properties: Record<string, string | number> = {}) {
    const cluster = await EmbeddedCluster.start({ brokers: 3, topics: { t: 2 } })
    open.push(cluster)
    const id = `faults-${process.pid}-${next++}`
    const producer = await Producer.connect(
      { 'bootstrap.servers': cluster.bootstrapServers, 'transactional.id': id, ...properties },
      { engine },
    )
    open.push(producer)
    return { cluster, producer, id }
  }

  async function settled(producer: Producer): Promise<Record<string, number>> {
    const { accepted, delivered, failed, aborted, possiblyPersisted, unsent } = await producer.close({
      timeoutMs: 5000,
    })
    expect(accepted).toBe(delivered + failed + aborted + unsent.length)
    return { accepted, delivered, failed, aborted, possiblyPersisted, unsent: unsent.length }
  }

  const message = { topic: 't', value: 'v' }

  test('the coordinator moves before the commit: delivered', async () => {
    const { cluster, producer, id } = await rig()
    for (const broker of [2, 3, 1]) {
      const { delivered } = await producer.transaction(async tx => {
        await tx.sendBatch([message, message])
        cluster.setCoordinator('transaction', id, broker)
      })
      expect(delivered).toBe(2)
    }
    expect(await settled(producer)).toMatchObject({ accepted: 6, delivered: 6 })
  })

  test('the coordinator answers late and with errors: delivered', async () => {
    const { cluster, producer } = await rig()
    const { delivered } = await producer.transaction(async tx => {
      await tx.send(message)
      cluster.pushErrors('EndTxn', ['COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS'])
    })
    expect(delivered).toBe(1)
    expect(await settled(producer)).toMatchObject({ accepted: 1, delivered: 1 })
  })

  test('a commit that nobody answers has an unknown outcome, and the producer is done', async () => {
    const { cluster, producer } = await rig()
    const started = performance.now()
    const error = await producer
      .transaction(
        async tx => {
          await tx.sendBatch([message, message, message])
          cluster.setBrokerDown('all')
        },
        { timeoutMs: 1500 },
      )
      .catch(error => error)
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code: 'TRANSACTION_UNKNOWN' })
    expect(performance.now() - started).toBeLessThan(15_000)
    await expect(producer.transaction(() => {})).rejects.toMatchObject({ code: 'TRANSACTION_UNKNOWN' })
    expect(await settled(producer)).toMatchObject({
      accepted: 3,
      delivered: 0,
      failed: 3,
      possiblyPersisted: 3,
    })
  })

  test('a message that fails aborts the transaction, though its function goes on; the next one works', async () => {
    const { cluster, producer } = await rig({ 'delivery.timeout.ms': 1500, 'transaction.timeout.ms': 60_000 })
    await producer.transaction(tx => tx.send({ ...message, partition: 0 }))
    cluster.setLeader('t', 1, null)
    const error = await producer
      .transaction(async tx => {
        await tx.send({ ...message, partition: 0 })
        const failed = await tx.send({ ...message, partition: 1 }).catch(error => error)
        expect(failed).toBeInstanceOf(DeliveryError)
      })
      .catch(error => error)
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code: 'TRANSACTION_ABORTED' })
    cluster.setLeader('t', 1, 1)
    // librdkafka may find only now that the partition's sequence has a gap: it aborts once more, with a new epoch
    let delivered = 0
    for (let attempt = 0; attempt < 3 && delivered === 0; attempt++) {
      const again = producer.transaction(tx => tx.send({ ...message, partition: 1 }))
      delivered = await again.then(
        result => result.delivered,
        () => 0,
      )
    }
    expect(delivered).toBe(1)
    const { accepted, aborted, ...rest } = await settled(producer)
    expect(rest).toEqual({ delivered: 2, failed: 0, possiblyPersisted: 0, unsent: 0 })
    expect(accepted).toBe(2 + (aborted ?? 0))
  }, 40_000)

  test('an abort that nobody answers ends in time, and nothing of it counts as delivered', async () => {
    const { cluster, producer } = await rig()
    const error = await producer
      .transaction(
        async tx => {
          await tx.send(message)
          cluster.setBrokerDown('all')
          throw new Error('not wanted')
        },
        { timeoutMs: 1500 },
      )
      .catch(error => error)
    expect(error).toMatchObject({ code: 'TRANSACTION_UNKNOWN', cause: { message: 'not wanted' } })
    expect(error.message).toMatch(/abort .* not confirmed.*Nothing of it becomes visible/)
    expect(await settled(producer)).toMatchObject({ accepted: 1, delivered: 0 })
  })

  test('close while nobody answers is bounded', async () => {
    const { cluster, producer } = await rig({ 'linger.ms': 20 })
    let sent!: () => void
    const inside = new Promise<void>(resolve => {
      sent = resolve
    })
    const running = producer
      .transaction(async tx => {
        await tx.send(message)
        cluster.setBrokerDown('all')
        void tx.sendBatch([message, message]).catch(() => {})
        sent()
        await new Promise(() => {})
      })
      .catch(error => error)
    await inside
    const started = performance.now()
    const { accepted, delivered, failed, aborted, unsent } = await producer.close({ timeoutMs: 1000 })
    expect(performance.now() - started).toBeLessThan(15_000)
    expect(delivered).toBe(0)
    expect(accepted).toBe(failed + aborted + unsent.length)
    expect(await running).toBeInstanceOf(MillraceError)
  })
})
