import { loadClient } from '../client/load.ts'
import { ProducerClient, type ProducerClientListener, type Properties } from '../client/producer-client.ts'
import { MillraceError } from '../errors.ts'
import { LIFTED, limitsFrom } from './admission.ts'
import { BatchEngine } from './batch.ts'
import { loadBinding } from './binding.ts'
import { CallbackEngine } from './callback.ts'
import type { Engine } from './engine.ts'

export const engineNames = ['auto', 'batch', 'callback'] as const

export type EngineName = (typeof engineNames)[number]

export interface EngineOptions {
  readonly timeoutMs: number
  /** Whether acknowledgements are timed. */
  readonly timed: boolean
  readonly signal?: AbortSignal | undefined
  /** Hears once a process that the callback engine stands in for the batch engine, and why. */
  readonly onWarning: (text: string) => void
}

export interface ConnectedEngine {
  readonly client: ProducerClient
  readonly engine: Engine & { fatal(reason: string): void }
  /** The number that the client's channel has in the addon; absent with the callback engine. */
  readonly channel?: number
}

let warned = false

/**
 * Makes the engine asked for and connects its client.
 * @throws MillraceError ENGINE_UNAVAILABLE for `batch` where the addon cannot be loaded, and for a name that
 * there is not; otherwise as ProducerClient.connect
 */
export async function connectEngine(
  name: EngineName,
  properties: Properties,
  listener: Omit<ProducerClientListener, 'report'>,
  options: EngineOptions,
): Promise<ConnectedEngine> {
  return chooseEngine(name, options.onWarning) === 'batch'
    ? connectBatch(properties, listener, options)
    : connectCallback(properties, listener, options)
}

/**
 * The engine that a name stands for here.
 * @throws MillraceError ENGINE_UNAVAILABLE, CLIENT_NOT_BUILT
 */
export function chooseEngine(name: EngineName, onWarning: (text: string) => void): 'batch' | 'callback' {
  if (!engineNames.includes(name)) {
    throw new MillraceError('ENGINE_UNAVAILABLE', `There is no engine ${JSON.stringify(name)}`, {
      hint: `Engines: ${engineNames.join(', ')}`,
    })
  }
  if (name === 'callback') return 'callback'
  // the addon finds librdkafka in the copy that node-rdkafka has loaded
  loadClient()
  try {
    loadBinding()
    return 'batch'
  } catch (error) {
    if (name === 'batch') throw error
    if (!warned) {
      onWarning(`The callback engine is used, which is several times slower. ${(error as Error).message}`)
    }
    warned = true
    return 'callback'
  }
}

async function connectCallback(
  properties: Properties,
  listener: Omit<ProducerClientListener, 'report'>,
  { timeoutMs, signal, timed }: EngineOptions,
): Promise<ConnectedEngine> {
  let engine: CallbackEngine | undefined
  const { client } = await ProducerClient.connect(
    { ...properties, ...LIFTED },
    { ...listener, report: (error, report) => engine?.report(error, report) },
    { reports: true, timeoutMs, signal },
  )
  engine = new CallbackEngine(client, limitsFrom(properties), timed)
  return { client, engine }
}

async function connectBatch(
  properties: Properties,
  listener: Omit<ProducerClientListener, 'report'>,
  { timeoutMs, signal, timed }: EngineOptions,
): Promise<ConnectedEngine> {
  const { binding, path } = loadBinding()
  const engine = BatchEngine.open(binding, limitsFrom(properties), timed)
  try {
    const { client } = await ProducerClient.connect(
      { ...properties, ...LIFTED },
      { ...listener, report: () => {} },
      { reports: false, first: engine.properties(path), timeoutMs, signal },
    )
    engine.serve(client)
    return { client, engine, channel: engine.channel }
  } catch (error) {
    engine.abandon()
    throw error
  }
}
