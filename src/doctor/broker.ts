import { lookup } from 'node:dns/promises'
import { connect, type Socket } from 'node:net'
import { type Metadata, ProducerClient, type Properties } from '../client/producer-client.ts'
import { type Broker, scrub } from '../config/index.ts'
import { deferred } from '../deferred.ts'
import { describe, MillraceError } from '../errors.ts'
import { type ApiVersions, askApiVersions } from './api-versions.ts'
import { handshake } from './tls.ts'

/** What is tried of a broker, in this order; what comes after a failure is not tried, but for `login`, which decides. */
export const steps = ['name', 'tcp', 'tls', 'apiVersions', 'login'] as const

export type Step = (typeof steps)[number]

export interface StepResult {
  readonly step: Step
  readonly ok: boolean
  /** What came of it, or why not. No secret is in it. */
  readonly text: string
}

export interface BrokerReport {
  /** host:port */
  readonly broker: string
  /** `bootstrap`: it was given. `advertised`: the cluster sends clients there. */
  readonly source: 'bootstrap' | 'advertised'
  /** Whether librdkafka, with all that was set, gets there and may talk. */
  readonly reached: boolean
  readonly steps: readonly StepResult[]
}

export interface Examined {
  readonly report: BrokerReport
  /** What the broker says of the cluster, where it was reached. */
  readonly metadata: Metadata | undefined
  /** Why it was not. */
  readonly problem: MillraceError | undefined
}

const PRODUCE = 0

export interface ExamineOptions {
  readonly source: BrokerReport['source']
  /** As a producer's client is made with. */
  readonly properties: Properties
  readonly timeoutMs: number
}

/** Goes all the way to a broker, step by step. Waits at most `timeoutMs` for each; never rejects. */
export async function examineBroker({ host, port }: Broker, options: ExamineOptions): Promise<Examined> {
  const { source, properties, timeoutMs } = options
  const protocol = String(properties['security.protocol'] ?? 'plaintext').toLowerCase()
  const results: StepResult[] = []
  const attempt = async <T>(step: Step, work: () => Promise<readonly [value: T, text: string]>) => {
    try {
      const [value, text] = await work()
      results.push({ step, ok: true, text })
      return value
    } catch (error) {
      results.push({ step, ok: false, text: scrub(reason(error), properties) })
      throw error
    }
  }
  const name = `${host.includes(':') ? `[${host}]` : host}:${port}`
  let metadata: Metadata | undefined
  let problem: MillraceError | undefined
  let socket: Socket | undefined
  try {
    await attempt('name', () => resolve(host))
    let open = await attempt('tcp', () => dial(host, port, timeoutMs))
    socket = open
    if (protocol.endsWith('ssl')) {
      open = await attempt('tls', async () => {
        const secured = await handshake(open, host, properties, timeoutMs)
        return [
          secured,
          `${secured.getProtocol()}, certificate of ${secured.getPeerCertificate().subject?.CN ?? '?'}`,
        ]
      })
    }
    await attempt('apiVersions', async () => {
      const versions = await askApiVersions(open, timeoutMs)
      return [versions, told(versions)]
    })
  } catch {
    // the step says why
  } finally {
    socket?.destroy()
  }
  // a name that is none, or a port where nobody listens, is the same to librdkafka, which takes longer to say so
  const last = results.at(-1) as StepResult
  if (last.ok || !['name', 'tcp'].includes(last.step)) {
    metadata = await attempt('login', () => login(name, properties, timeoutMs)).catch(error => {
      problem = asProblem(error, name)
      return undefined
    })
  } else {
    problem = new MillraceError('BROKER_UNREACHABLE', `${name} cannot be reached: ${last.text}`, {
      context: { broker: name, step: last.step },
    })
  }
  const report = { broker: name, source, reached: metadata !== undefined, steps: results }
  return { report, metadata, problem }
}

async function resolve(host: string): Promise<readonly [undefined, string]> {
  const addresses = await lookup(host, { all: true })
  return [undefined, addresses.map(({ address }) => address).join(', ')]
}

async function dial(host: string, port: number, timeoutMs: number): Promise<readonly [Socket, string]> {
  const since = performance.now()
  const opened = deferred<void>()
  const socket = connect({ host, port, timeout: timeoutMs })
  socket.once('connect', () => opened.resolve())
  socket.once('timeout', () => opened.reject(new Error(`no connection within ${timeoutMs} ms`)))
  socket.on('error', error => opened.reject(error))
  try {
    await opened.promise
    return [socket, `connected in ${Math.ceil(performance.now() - since)} ms`]
  } catch (error) {
    socket.destroy()
    throw error
  }
}

async function login(
  broker: string,
  properties: Properties,
  timeoutMs: number,
): Promise<readonly [Metadata, string]> {
  const alone = { ...properties, 'bootstrap.servers': broker }
  const { client, metadata } = await ProducerClient.connect(alone, silent, { reports: false, timeoutMs })
  await client.disconnect()
  const protocol = String(properties['security.protocol'] ?? 'plaintext').toLowerCase()
  const mechanism = protocol.startsWith('sasl') ? ` by ${properties['sasl.mechanism'] ?? 'GSSAPI'}` : ''
  return [metadata, `${protocol}${mechanism}; a cluster of ${metadata.brokers.length}`]
}

const silent = { report() {}, error() {}, log() {}, statistics() {} }

function told(versions: ApiVersions): string {
  const produce = versions.get(PRODUCE)
  const ofProduce = produce === undefined ? 'no Produce' : `Produce ${produce.min} to ${produce.max}`
  return `${versions.size} kinds of request, ${ofProduce}`
}

/** Node's errors of several addresses have their reasons inside. */
function reason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(describe).join('; ')
  return describe(error)
}

function asProblem(error: unknown, broker: string): MillraceError {
  if (error instanceof MillraceError) return error
  return new MillraceError('BROKER_UNREACHABLE', `${broker} cannot be reached: ${describe(error)}`, {
    cause: error,
  })
}
