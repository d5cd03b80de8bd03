import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { livesNoLonger } from './lives-no-longer.ts'
import type { Order, Outcome, Program } from './trials.ts'

const sources = fileURLToPath(new URL('../drivers/franz-go/', import.meta.url))
/** Where Go's own packages put it. */
const USUAL = '/usr/local/go/bin/go'
const BUILD_MS = 300_000
/** As many as the other clients have. */
const PAYLOADS = 16_384

export interface FranzGo {
  readonly run: Program
  remove(): Promise<void>
}

/** Builds the program into a temporary folder. @throws Error with the reason: no Go, or no franz-go to be had */
export async function buildFranzGo(): Promise<FranzGo> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-franz-go-'))
  const path = join(folder, 'franz-go')
  const remove = () => rm(folder, { recursive: true, force: true })
  const go = process.env.GO ?? (existsSync(USUAL) ? USUAL : 'go')
  try {
    await promisify(execFile)(go, ['build', '-o', path, '.'], { cwd: sources, timeout: BUILD_MS })
  } catch (error) {
    await remove()
    const { stderr, message } = error as { stderr?: string; message: string }
    throw new Error(`franz-go could not be built: ${stderr?.trim().split('\n').at(-1) || message}`)
  }
  return { run: order => runProgram(path, order), remove }
}

/** A line of the program's output. Times are Unix ms. */
interface Said {
  readonly event: 'ready' | 'start' | 'last acknowledgement' | 'result' | 'error'
  readonly at: number
  readonly error?: string
  readonly offered: number
  readonly delivered: number
  readonly failed: number
  readonly batches: number
  readonly window?: { readonly seconds: number; readonly delivered: number; readonly cpuSeconds: number }
}

async function runProgram(path: string, order: Order): Promise<Outcome> {
  const { brokers, topic, messageSize, seed, warmupSeconds, length, properties } = order
  if (!('seconds' in length)) throw new Error('franz-go is measured for a time')
  const child = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'] })
  const forget = livesNoLonger(child)
  const task = { brokers, topic, messageSize, payloads: PAYLOADS, seed, warmupSeconds, ...length }
  child.stdin.end(JSON.stringify({ ...task, ...properties }))
  let result: Said | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as Said
    if (said.event === 'error') throw new Error(`franz-go: ${said.error}`)
    if (said.event === 'result') result = said
  }
  forget()
  if (result?.window === undefined) throw new Error('franz-go ended without a result')
  const { offered, delivered, failed, batches, window } = result
  return {
    messagesPerSecond: window.delivered / window.seconds,
    cpuSecondsPerMillion: (window.cpuSeconds * 1e6) / window.delivered,
    gcMs: null,
    eventLoopDelayP99Ms: null,
    threadCpuSecondsPerMillion: null,
    seconds: window.seconds,
    messagesPerBatch: delivered / batches,
    whole: { offered, delivered, failed },
  }
}
