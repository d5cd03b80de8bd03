// Runs a driver that is a module: `host.ts MODULE FOLDER`, where FOLDER has the peer's own modules.
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { Meter } from '../../../src/bench/meter.ts'
import { ringFromFile } from '../../../src/bench/payloads.ts'
import { monotonicMs, type Task } from '../protocol.ts'
import type { Connect, Driver } from './driver.ts'
import { type Say, speak } from './speak.ts'

const [module = '', folder = ''] = process.argv.slice(2)

await speak(measure)

async function measure(task: Task, say: Say): Promise<void> {
  const { connect } = (await import(pathToFileURL(module).href)) as { connect: Connect }
  const { brokers, topic, partitions, run, properties, outstanding, variant } = task
  const ring = ringFromFile(task.payloadFile)
  const { bytes, ranges } = ring
  const payloads = Array.from({ length: ranges.length / 2 }, (_, index) =>
    bytes.subarray(ranges[2 * index], ranges[2 * index + 1]),
  )
  const setup = { brokers, topic, partitions, run, properties, outstanding, variant, ring, payloads, folder }
  const driver = await connect(setup)
  await say('ready')
  await say('start')
  driver.start()
  while (driver.delivered === 0) {
    if (driver.failed > 0) {
      // tells why, where it knows
      await driver.stop()
      throw new Error(`${driver.failed} messages failed before one was delivered`)
    }
    await sleep(5)
  }
  await sleep(task.warmupSeconds * 1000)
  const { window, node } = await windowOf(driver, task)
  await driver.stop()
  await say('last acknowledgement')
  const { offered, delivered, failed, client, batches = null } = driver
  await say('result', { offered, delivered, failed, client, batches, window, node })
  await driver.close()
}

async function windowOf(driver: Driver, { length }: Task) {
  if ('messages' in length) await driver.stop()
  const meter = new Meter()
  const from = monotonicMs()
  const before = driver.delivered
  const threadCpuBefore = driver.threadCpuSeconds
  if ('messages' in length) {
    driver.start(length.messages)
    await driver.finished()
  } else {
    await sleep(length.seconds * 1000)
  }
  const delivered = driver.delivered - before
  const to = monotonicMs()
  const threadCpuAfter = driver.threadCpuSeconds
  const { cpuSeconds, gcMs, eventLoopDelayMs } = await meter.stop()
  const threadCpuSeconds =
    threadCpuBefore === undefined || threadCpuAfter === undefined ? null : threadCpuAfter - threadCpuBefore
  return {
    window: { from, to, delivered, cpuSeconds: cpuSeconds.user + cpuSeconds.system },
    node: { gcMs, eventLoopDelayP99Ms: eventLoopDelayMs.p99, threadCpuSeconds },
  }
}
