import { describe, expect, test } from 'vitest'
import { type BatchResult, type CloseResult, type Message, MillraceError, Producer } from '../../src/index.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'

/** A small generator of numbers that can be repeated: mulberry32. */
function randomBy(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

interface Sums {
  accepted: number
  refused: number
  delivered: number
  failed: number
  possiblyPersisted: number
  handedBack: number
}

const zero: Sums = { accepted: 0, refused: 0, delivered: 0, failed: 0, possiblyPersisted: 0, handedBack: 0 }

function add(sums: Sums, result: Sums): void {
  for (const key of Object.keys(sums) as (keyof Sums)[]) sums[key] += result[key]
}

/** What a call that was cut short by close had done before; nothing where it was made too late. */
function resultOf(error: unknown): Sums {
  expect(error).toBeInstanceOf(MillraceError)
  expect((error as MillraceError).code).toMatch(/^(PRODUCER_CLOSED|ABORTED)$/)
  return ((error as MillraceError).context.result as BatchResult | undefined) ?? zero
}

/** Every way of sending at once, and a close, or the end of the cluster, at some moment. */
async function round(engine: 'batch' | 'callback', seed: number): Promise<void> {
  const random = randomBy(seed)
  const cluster = await EmbeddedCluster.start({ brokers: 1 + random(2) })
  const producer = await Producer.connect(
    {
      'bootstrap.servers': cluster.bootstrapServers,
      'queue.buffering.max.messages': 1 + random(200),
      'linger.ms': random(20),
      'delivery.timeout.ms': 2000,
      'allow.auto.create.topics': true,
    },
    { engine },
  )
  const sums = { ...zero }
  const message = (): Message => ({
    topic: `t${random(3)}`,
    value: random(10) === 0 ? null : 'v'.repeat(random(300)),
    key: random(2) === 0 ? undefined : `k${random(50)}`,
    headers: random(4) === 0 ? { h: 'x' } : undefined,
    partition: random(20) === 0 ? 77 : undefined,
  })
  const many = (n: number) => Array.from({ length: n }, message)
  const abort = new AbortController()
  const calls: Promise<unknown>[] = []
  const counted = (call: Promise<Sums>) => calls.push(call.catch(resultOf).then(result => add(sums, result)))
  for (let call = 0; call < 30; call++) {
    const signal = random(4) === 0 ? abort.signal : undefined
    switch (random(4)) {
      case 0:
        counted(
          producer.sendBatch(many(random(400)), {
            signal,
            detail: (['counts', 'failures', 'all'] as const)[random(3)],
          }),
        )
        break
      case 1: {
        const n = random(300)
        const ranges = new Uint32Array(2 * n).map((_, i) => (i >> 1) + (i & 1))
        counted(producer.sendBatch({ topic: 't0', bytes: Buffer.alloc(n, 'f'), ranges }, { signal }))
        break
      }
      case 2:
        counted(producer.produceFrom(many(random(300)), { loops: 1 + random(3), signal }))
        break
      default:
        calls.push(producer.send(message()).catch(error => expect(error).toBeInstanceOf(MillraceError)))
    }
    if (random(3) === 0) await new Promise(resolve => setImmediate(resolve))
    if (random(40) === 0) abort.abort()
  }
  const fate = random(3)
  if (fate === 0) await Promise.all(calls)
  if (fate === 1) await cluster.stop()
  const closing: CloseResult = await producer.close({ timeoutMs: fate === 2 ? random(20) : 5000 })
  await Promise.all(calls)

  expect(closing.accepted).toBe(closing.delivered + closing.failed + closing.aborted + closing.unsent.length)
  expect(closing.possiblyPersisted).toBeLessThanOrEqual(closing.failed)
  // the calls that keep an account say the same, but for those of `send`, which only resolve
  expect(sums.accepted).toBe(sums.delivered + sums.failed + sums.handedBack)
  expect(sums.accepted).toBeLessThanOrEqual(closing.accepted)
  expect(closing.accepted - sums.accepted).toBeLessThanOrEqual(30)
  if (fate !== 1) {
    let inLog = 0
    await using watcher = await Producer.connect(
      { 'bootstrap.servers': cluster.bootstrapServers },
      { engine: 'callback' },
    )
    for (const topic of ['t0', 't1', 't2']) {
      for (const { high } of (await watcher.describeTopic(topic))?.partitions ?? []) inLog += high
    }
    expect(inLog).toBeGreaterThanOrEqual(closing.delivered)
    expect(inLog).toBeLessThanOrEqual(closing.delivered + closing.possiblyPersisted)
  }
  await cluster.stop()
}

describe.each(['batch', 'callback'] as const)(
  '%s engine: whatever happens, every message is accounted for',
  engine => {
    test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])('seed %i', seed => round(engine, seed))
  },
)
