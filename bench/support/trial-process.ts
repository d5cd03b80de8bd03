import { livesWithParent } from '../../src/bench/child-side.ts'
import { Meter } from '../../src/bench/meter.ts'
import { randomRing } from '../../src/bench/payloads.ts'
import type { Connect } from './driver.ts'
import type { Order, Outcome } from './trials.ts'

livesWithParent()
process.once('message', async (order: Order) => {
  const outcome = await measure(order)
  process.send?.(outcome, undefined, undefined, () => process.exit(0))
})

async function measure(order: Order): Promise<Outcome> {
  const { driver: name, brokers, topic, properties, outstanding, variant, messageSize, seed } = order
  const { connect } = (await import(`../drivers/${name}.ts`)) as { connect: Connect }
  const ring = randomRing(messageSize, seed)
  const { bytes, ranges } = ring
  const payloads = Array.from({ length: ranges.length / 2 }, (_, index) =>
    bytes.subarray(ranges[2 * index], ranges[2 * index + 1]),
  )
  const driver = await connect({ brokers, topic, properties, ring, payloads, outstanding, variant })
  driver.start()
  while (driver.delivered === 0) await sleep(5)
  await sleep(order.warmupSeconds * 1000)
  if ('messages' in order.length) await driver.stop()
  const meter = new Meter()
  const before = driver.delivered
  const threadCpuBefore = driver.threadCpuSeconds
  if ('messages' in order.length) {
    driver.start(order.length.messages)
    await driver.finished()
  } else {
    await sleep(order.length.seconds * 1000)
  }
  const delivered = driver.delivered - before
  const threadCpuAfter = driver.threadCpuSeconds
  const spent = await meter.stop()
  await driver.stop()
  const whole = { offered: driver.offered, delivered: driver.delivered, failed: driver.failed }
  await driver.close()
  const { user, system } = spent.cpuSeconds
  return {
    messagesPerSecond: delivered / spent.seconds,
    cpuSecondsPerMillion: ((user + system) * 1e6) / delivered,
    gcMs: spent.gcMs,
    eventLoopDelayP99Ms: spent.eventLoopDelayMs.p99,
    threadCpuSecondsPerMillion:
      threadCpuBefore === undefined || threadCpuAfter === undefined
        ? null
        : ((threadCpuAfter - threadCpuBefore) * 1e6) / delivered,
    seconds: spent.seconds,
    whole,
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}
