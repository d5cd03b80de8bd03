import { commandsOf } from '../peers/catalogue.ts'
import { startKafka } from '../peers/start-kafka.ts'
import type { Surroundings } from '../peers/trial.ts'
import type { Kafka } from '../support/kafka.ts'
import { embedded } from '../support/where.ts'
import type { Line } from './line.ts'

/** Finds what a line needs beside this project, starts it when first needed, and ends it. */
export class Rigs {
  readonly #withKafka: boolean
  #kafka: Promise<Kafka> | undefined

  constructor(withKafka: boolean) {
    this.#withKafka = withKafka
  }

  /** @throws Error with the reason why this line cannot be measured here */
  async for({ cluster, subjects }: Line): Promise<Surroundings> {
    if (cluster === 'kafka' && !this.#withKafka) throw new Error('it wants --kafka')
    const commands = await commandsOf(Object.values(subjects).map(({ driver }) => driver))
    if (cluster === 'embedded') return { where: embedded, commands }
    this.#kafka ??= startKafka()
    return { where: await this.#kafka, commands }
  }

  async close(): Promise<void> {
    await (await this.#kafka?.catch(() => undefined))?.stop()
  }
}
