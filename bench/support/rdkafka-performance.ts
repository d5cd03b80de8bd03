import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** librdkafka's own measuring program, compiled from what node-rdkafka was built from. */
export interface Program {
  readonly path: string
  remove(): void
}

export interface ProgramOrder {
  readonly brokers: string
  readonly topic: string
  readonly messageSize: number
  /** It knows no window of time. */
  readonly messages: number
  readonly warmupSeconds: number
  readonly properties: Readonly<Record<string, string | number | boolean>>
}

export interface ProgramOutcome {
  /** Acknowledged between the end of the warm-up and the last message offered / that time. */
  readonly messagesPerSecond: number
  readonly seconds: number
  /** Of its whole life. */
  readonly cpuSecondsPerMillion: number
  readonly delivered: number
}

/** What it sends, again and again up to a message's size. */
export const PATTERN = 'librdkafka_performance testing!'

/** Between two rows of its table; it has librdkafka make statistics as often. */
export const ROW_MS = 250

/** Compiles it into a temporary folder, against the library that node-rdkafka loads. */
export function compileProgram(): Program {
  const nodeRdkafka = dirname(createRequire(import.meta.url).resolve('node-rdkafka/package.json'))
  const sources = join(nodeRdkafka, 'deps', 'librdkafka')
  const libraries = join(nodeRdkafka, 'build', 'deps')
  const folder = mkdtempSync(join(tmpdir(), 'millrace-rdkafka-performance-'))
  const path = join(folder, 'rdkafka_performance')
  const args = ['-O2', '-w', `-I${join(sources, 'src')}`, join(sources, 'examples', 'rdkafka_performance.c')]
  const library = [join(libraries, 'librdkafka.so.1'), `-Wl,-rpath,${libraries}`]
  execFileSync(process.env.CC ?? 'cc', [...args, ...library, '-lpthread', '-lm', '-o', path])
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Runs it until every message is acknowledged. @throws Error when one was not, or the window is too short to tell */
export async function runProgram({ path }: Program, order: ProgramOrder): Promise<ProgramOutcome> {
  const { brokers, topic, messageSize, messages, warmupSeconds, properties } = order
  const set = Object.entries(properties).flatMap(([name, value]) => ['-X', `${name}=${value}`])
  const args = ['-P', '-u', '-b', brokers, '-t', topic, '-i', String(ROW_MS), ...set]
  args.push('-s', String(messageSize), '-m', PATTERN, '-c', String(messages))
  const { rows, cpuSeconds } = await tableOf(path, args)
  const last = rows.at(-1)
  if (last === undefined || last.delivered !== messages || last.failed !== 0) {
    throw new Error(`rdkafka_performance is void: ${JSON.stringify(last)} of ${messages}`)
  }
  const first = rows.find(({ elapsedMs }) => elapsedMs >= warmupSeconds * 1000)
  const end = rows.findLast(({ offered }) => offered < messages)
  const seconds = ((end?.elapsedMs ?? 0) - (first?.elapsedMs ?? 0)) / 1000
  if (first === undefined || end === undefined || seconds < 1) {
    throw new Error(`rdkafka_performance was done too soon with ${messages} messages: give it more seconds`)
  }
  return {
    messagesPerSecond: (end.delivered - first.delivered) / seconds,
    seconds,
    cpuSecondsPerMillion: (cpuSeconds * 1e6) / messages,
    delivered: last.delivered,
  }
}

interface Row {
  readonly elapsedMs: number
  readonly offered: number
  readonly delivered: number
  readonly failed: number
}

/** Its table, and what the shell counted of its CPU time. */
async function tableOf(path: string, args: readonly string[]): Promise<{ rows: Row[]; cpuSeconds: number }> {
  const script = '"$0" "$@"; code=$?; times >&2; exit $code'
  const child = spawn('/bin/sh', ['-c', script, path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  }
  const code = await new Promise(resolve => child.once('close', resolve))
  if (code !== 0)
    throw new Error(`rdkafka_performance ended with ${code}: ${said.stdout.slice(-500)}${said.stderr}`)
  // two lines: of the shell, of its children; user and system in each
  const times = [...said.stderr.matchAll(/(\d+)m([\d.]+)s/g)].slice(-2)
  const cpuSeconds = times.reduce(
    (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
    0,
  )
  return { rows: said.stdout.split('\n').flatMap(rowOf), cpuSeconds }
}

/** `| elapsed | msgs | bytes | rtt | dr | dr_m/s | dr_MB/s | dr_err | tx_err | outq | offset`, of which times are in ms. */
function rowOf(line: string): Row[] {
  const numbers = line.split('|').slice(1).map(Number)
  const [elapsedMs, offered, , , delivered, , , failed] = numbers
  if (numbers.length < 11 || numbers.some(Number.isNaN)) return []
  return [{ elapsedMs, offered, delivered, failed } as Row]
}
