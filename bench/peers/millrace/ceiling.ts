import type { Contender } from '../../../src/bench/contender.ts'
import type { TrialSpec } from '../../../src/bench/trial.ts'
import { measured } from '../../support/measured.ts'
import type { Connect, Driver } from '../node/driver.ts'
import { client } from './version.ts'

const { connectCeiling } = await measured<typeof import('../../../src/bench/ceiling-contender.ts')>(
  'bench/ceiling-contender.js',
)
const { ceilingOf, cellsOf, defaultGrid } =
  await measured<typeof import('../../../src/bench/cell.ts')>('bench/cell.js')
const { Budget } = await measured<typeof import('../../../src/bench/traffic.ts')>('bench/traffic.js')

/** The ceiling that `millrace bench` shows: the addon's own loop. `scout`: it finds partitions as the batch engine does. */
export const connect: Connect = async setup => {
  const { brokers, topic, properties, ring, outstanding, variant } = setup
  const [cell] = cellsOf({ ...defaultGrid, outstanding: [outstanding], messageSize: [ring.meanBytes] })
  if (cell === undefined) throw new Error('the grid has no cell')
  const spec: TrialSpec = {
    cell: ceilingOf(cell),
    topic,
    properties,
    warmupSeconds: 0,
    length: { messages: 0 },
    seed: 0,
    allowFailures: false,
  }
  const connected = { ...properties, 'bootstrap.servers': brokers }
  const warn = (text: string) => console.error(text)
  return new CeilingDriver(await connectCeiling(spec, ring, connected, warn, variant === 'scout'))
}

class CeilingDriver implements Driver {
  readonly client = `the ceiling of ${client}`
  readonly #target: Contender['target']
  readonly #lane: ReturnType<Contender['lane']>

  constructor({ target, lane }: Contender) {
    this.#target = target
    this.#lane = lane(() => {})
  }

  get offered(): number {
    return this.#lane.offered
  }

  get delivered(): number {
    return this.#lane.delivered
  }

  get failed(): number {
    return this.#lane.failed
  }

  start(messages = Number.POSITIVE_INFINITY): void {
    this.#lane.start(new Budget(messages))
  }

  finished(): Promise<void> {
    return this.#lane.spent()
  }

  async stop(): Promise<void> {
    await this.#lane.stop()
    await this.#lane.spent()
  }

  async close(): Promise<void> {
    await this.#target.close({ timeoutMs: 0 })
  }
}
