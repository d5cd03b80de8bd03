import { setTimeout as sleep } from 'node:timers/promises'
import { readyTopic } from '../../../src/bench/end-offsets.ts'
import { Producer } from '../../../src/index.ts'
import type { Say } from '../node/speak.ts'
import { type Batches, monotonicMs, type Task, type Window } from '../protocol.ts'
import { cpuSecondsOf } from './cpu.ts'
import { messagesFor, type Program } from './program.ts'

/** A client that tells nothing of when its messages were acknowledged. */
export interface Watched {
  /** Expected of the first trial; later ones go by what was measured. */
  readonly firstRate: number
  /** Null: the task's own. */
  readonly warmupSeconds: number | null
  start(task: Task, messages: number): Program
  /** Of what it wrote in the end: how many were acknowledged, and its batches. */
  account(
    output: string,
    messages: number,
    task: Task,
  ): { delivered: number; batches: Batches | null; client: string }
}

const LOOK_MS = 100
/** The part of its messages after which it may have offered all, with the rest on their way. */
const OFFERING = 0.97

/**
 * Measures it from outside: it gets as many messages as take about so long, and its rate is that of the topic's end
 * offsets over the last seconds in which it offered.
 * @throws Error when it did not end well
 */
export async function watch(watched: Watched, task: Task, say: Say): Promise<void> {
  const { brokers, topic, partitions, warmupSeconds, length } = task
  const warmup = watched.warmupSeconds ?? warmupSeconds
  const messages = messagesFor(task, watched.firstRate, warmup)
  const witness = await Producer.connect({ 'bootstrap.servers': brokers })
  const ends = async () => (await readyTopic(witness, topic, partitions)).sum
  const before = await ends()
  await say('ready')
  await say('start')
  const program = watched.start(task, messages)
  const moved = async () => (await ends()) - before
  const samples = await samplesOf(program, moved, messages)
  const output = await program.ended
  await say('last acknowledgement')
  const { delivered, batches, client } = watched.account(output, messages, task)
  const window = 'seconds' in length ? windowOf(samples, length.seconds) : null
  await say('result', { offered: messages, delivered, failed: messages - delivered, window, batches, client })
  await witness.close()
}

interface Sample {
  readonly at: number
  readonly moved: number
  readonly cpuSeconds: number | null
}

/** While it has messages to offer. */
async function samplesOf(
  { child }: Program,
  moved: () => Promise<number>,
  messages: number,
): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  for (;;) {
    const asked = monotonicMs()
    const sum = await moved()
    const at = (asked + monotonicMs()) / 2
    const ended = child.exitCode !== null || child.signalCode !== null
    if (ended || sum > messages * OFFERING) return samples
    if (sum > 0) samples.push({ at, moved: sum, cpuSeconds: cpuSecondsOf(child.pid) })
    await sleep(LOOK_MS)
  }
}

/** The last seconds. */
function windowOf(samples: readonly Sample[], seconds: number): Window | 'too soon' {
  const last = samples.at(-1)
  const first = samples.findLast(({ at }) => at <= (last?.at ?? 0) - 1000 * seconds)
  if (first === undefined || last === undefined) return 'too soon'
  const cpu =
    last.cpuSeconds === null || first.cpuSeconds === null ? null : last.cpuSeconds - first.cpuSeconds
  return { from: first.at, to: last.at, delivered: last.moved - first.moved, cpuSeconds: cpu }
}
