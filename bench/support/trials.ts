import { fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { forkCluster } from '../../src/bench/children.ts'
import type { TrialLength } from '../../src/bench/trial.ts'
import { Producer } from '../../src/index.ts'

/** What one trial is to do. */
export interface Subject {
  readonly driver: 'bare' | 'millrace'
  readonly variant: string
  readonly properties: Readonly<Record<string, string | number | boolean>>
  readonly outstanding: number
  readonly messageSize: number
  readonly warmupSeconds: number
  readonly length: TrialLength
}

export interface Order extends Subject {
  readonly brokers: string
  readonly topic: string
  readonly seed: number
}

export interface Outcome {
  /** Acknowledged within the window / its length. */
  readonly messagesPerSecond: number
  /** Of the trial's process; the cluster is another. */
  readonly cpuSecondsPerMillion: number
  readonly gcMs: number
  readonly seconds: number
  /** Over the trial's whole life. */
  readonly whole: { readonly offered: number; readonly delivered: number; readonly failed: number }
}

const TOPIC = 'bench'
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const entry = fileURLToPath(new URL('trial-process.ts', import.meta.url))

/**
 * One trial: an embedded cluster in a process of its own, a topic made beforehand, and the driver in
 * another process. Its figures are void, and this throws, unless offered = delivered + failed, nothing
 * failed, and the end offsets moved by exactly what was delivered.
 */
export async function trial(subject: Subject, seed: number): Promise<Outcome> {
  const cluster = await forkCluster()
  const witness = await Producer.connect({ 'bootstrap.servers': cluster.bootstrapServers })
  try {
    await endOffsets(witness)
    const order: Order = { ...subject, brokers: cluster.bootstrapServers, topic: TOPIC, seed }
    const outcome = await inProcess(order)
    const { offered, delivered, failed } = outcome.whole
    const moved = await endOffsets(witness)
    if (offered !== delivered || failed !== 0 || moved !== delivered) {
      throw new Error(
        `${subject.driver} ${subject.variant} is void: ${offered} offered, ${delivered} delivered, ` +
          `${failed} failed, end offsets moved by ${moved}`,
      )
    }
    return outcome
  } finally {
    await witness.close()
    await cluster.stop()
  }
}

async function endOffsets(witness: Producer): Promise<number> {
  const description = await witness.describeTopic(TOPIC)
  return description?.partitions.reduce((sum, { high }) => sum + high, 0) ?? 0
}

function inProcess(order: Order): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = fork(entry, [], {
      execArgv: ['--import', tsx, ...profiling()],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    child.once('message', outcome => resolve(outcome as Outcome))
    child.once('exit', code => reject(new Error(`the trial's process ended with ${code}`)))
    child.send(order)
  })
}

/** `BENCH_PROFILE=DIR` has each trial's process write a CPU profile there. */
function profiling(): string[] {
  const folder = process.env.BENCH_PROFILE
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}
