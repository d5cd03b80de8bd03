import { parentPort, workerData } from 'node:worker_threads'
import { encode, Histogram, nanoseconds } from '../latency/index.ts'
import { AttachedProducer } from '../producer/attached.ts'
import { Meter } from './meter.ts'
import { within } from './monotonic.ts'
import { offersFor } from './offers.ts'
import { partOf } from './pacer.ts'
import { ringOf } from './payloads.ts'
import type {
  ThreadAccount,
  ThreadCall,
  ThreadData,
  ThreadDelay,
  ThreadMessage,
  ThreadRequest,
  ThreadWork,
} from './thread-protocol.ts'
import { Budget, Traffic } from './traffic.ts'

const { spec, index, process, tokens } = workerData as ThreadData
const { cell, allowFailures } = spec
const port = parentPort
if (port === null) throw new Error('this is no thread')
const tell = (message: ThreadMessage) => port.postMessage(message)

// no two threads send the same payloads
const ring = ringOf({ ...spec, seed: spec.seed + index + 1 })
const producers = tokens.map(token => AttachedProducer.attach(token))
const lanes = producers.map(
  (producer, at) =>
    new Traffic(producer, offersFor(spec, ring, partAt(at)), cell, allowFailures, () =>
      tell({ kind: 'halted' }),
    ),
)
function partAt(producer: number) {
  const thread = within(process, { index, of: cell.threads })
  return within(thread, { index: producer, of: producers.length })
}
let meter: Meter | undefined

port.on('message', async ({ id, call }: ThreadRequest) => {
  tell({ kind: 'answer', id, ...(await answerTo(call)) })
  if (call.kind === 'close') port.close()
})
tell({ kind: 'ready' })

async function answerTo(call: ThreadCall): Promise<{ account?: ThreadAccount; delay?: ThreadDelay }> {
  switch (call.kind) {
    case 'start':
      start(call.work)
      return {}
    case 'stop':
      await Promise.all(lanes.map(lane => lane.stop()))
      return { account: account() }
    case 'spent':
      await Promise.all(lanes.map(lane => lane.spent()))
      return { account: account() }
    case 'measure':
      meter = new Meter()
      return {}
    case 'measured': {
      const spent = await meter?.stop()
      if (spent === undefined) return {}
      const { eventLoopDelayMs, gcMs, busy } = spent
      return { delay: { eventLoopDelayMs, gcMs, busy: busy.loop } }
    }
    case 'close':
      await Promise.all(producers.map(producer => producer.close({ timeoutMs: 0 })))
      return { account: account() }
  }
}

function start(work: ThreadWork): void {
  if ('messages' in work) {
    const budget = new Budget(work.messages ?? Number.POSITIVE_INFINITY)
    for (const lane of lanes) lane.start(budget)
    return
  }
  // performance.now() begins with each thread
  const startAt = (work.schedule.startAt - nanoseconds(0)) / 1e6
  for (const [at, lane] of lanes.entries()) {
    lane.start(partOf({ ...work.schedule, startAt }, at, lanes.length))
  }
}

function account(): ThreadAccount {
  const sum = (value: (lane: Traffic) => number) => lanes.reduce((total, lane) => total + value(lane), 0)
  const lateness = new Histogram()
  for (const lane of lanes) lateness.merge(lane.lateness)
  return {
    offered: sum(({ offered }) => offered),
    delivered: sum(({ delivered }) => delivered),
    failed: sum(({ failed }) => failed),
    possiblyPersisted: sum(({ possiblyPersisted }) => possiblyPersisted),
    firstFailure: lanes.find(({ firstFailure }) => firstFailure !== undefined)?.firstFailure,
    lateness: encode(lateness),
  }
}
