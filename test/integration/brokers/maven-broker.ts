import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Guard } from './guard.ts'

const startTimeoutMs = 90_000
const shutdownTimeoutMs = 20_000
const keptLines = 30

export interface BrokerPlace {
  readonly nodeId: number
  /** Of the client listener; the address is 127.0.0.1:port. */
  readonly port: number
  readonly jars: string
  readonly folder: string
  readonly properties: Readonly<Record<string, string>>
}

/** Of a broker's folder, the part with its logs. */
export function dataFolderOf(folder: string): string {
  return join(folder, 'data')
}

/** One Kafka process (broker and controller in one), which can be started, killed and started again. */
export class MavenBroker {
  readonly address: string
  readonly #place: BrokerPlace
  readonly #guard: Guard
  readonly #config: string
  #process: ChildProcess | undefined

  constructor(place: BrokerPlace, guard: Guard) {
    this.#place = place
    this.#guard = guard
    this.#config = join(place.folder, 'server.properties')
    this.address = `127.0.0.1:${place.port}`
  }

  get dataFolder(): string {
    return dataFolderOf(this.#place.folder)
  }

  get running(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Writes server.properties and formats the storage: once, before the first start. */
  async format(clusterId: string): Promise<void> {
    await mkdir(this.#place.folder, { recursive: true })
    const lines = Object.entries(this.#place.properties).map(([name, value]) => `${name}=${value}\n`)
    await writeFile(this.#config, lines.join(''))
    const { child, tail } = this.#java('kafka.tools.StorageTool', [
      'format',
      // one word: an id may begin with a dash
      `--cluster-id=${clusterId}`,
      '-c',
      this.#config,
    ])
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`${this.#name()}: its storage could not be formatted\n${tail.join('\n')}`)
  }

  /** Waits for the line that Kafka writes once it takes requests. */
  async start(): Promise<void> {
    const { child, tail, started } = this.#java('kafka.Kafka', [this.#config])
    this.#process = child
    const ended = once(child, 'close').then(([code, signal]) => `ended with ${code ?? signal}`)
    const late = once(AbortSignal.timeout(startTimeoutMs), 'abort').then(
      () => `did not start within ${startTimeoutMs / 1000} s`,
    )
    const problem = await Promise.race([started, ended, late])
    if (problem === undefined) return
    await this.kill9()
    throw new Error(`${this.#name()} ${problem}. Its last lines:\n${tail.join('\n')}`)
  }

  /** Waits for the end of the process. */
  async kill9(): Promise<void> {
    if (this.running) await this.#end('SIGKILL')
  }

  /** An orderly end: leadership is handed over first. Killed when that takes too long. */
  async shutDown(): Promise<void> {
    const child = this.#process
    if (!this.running || child === undefined) return
    const late = AbortSignal.timeout(shutdownTimeoutMs)
    // this very process: by then its successor may be running
    late.addEventListener('abort', () => child.kill('SIGKILL'))
    await this.#end('SIGTERM')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    if (child === undefined) return
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
  }

  #name(): string {
    return `Kafka node ${this.#place.nodeId} at ${this.address}`
  }

  #java(main: string, args: readonly string[]) {
    const child = spawn('java', [...jvmOptions, '-cp', join(this.#place.jars, '*'), main, ...args], {
      cwd: this.#place.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#guard.process(child)
    const tail: string[] = []
    const started = new Promise<undefined>(resolve => {
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', line => {
          if (tail.push(line) > keptLines) tail.shift()
          if (line.includes('Kafka Server started')) resolve(undefined)
        })
      }
    })
    return { child, tail, started }
  }
}

/** Quiet but for warnings and the line that tells of readiness: what nobody reads must not fill the pipe. */
const jvmOptions = [
  '-Xmx512m',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
]
