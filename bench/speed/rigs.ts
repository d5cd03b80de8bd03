import { buildFranzGo } from '../support/franz-go.ts'
import { findJavaProducer } from '../support/java-producer.ts'
import { Kafka } from '../support/kafka.ts'
import { defaultSettings, librdkafkaProperties } from '../support/settings.ts'
import { type Program, type Surroundings, trial } from '../support/trials.ts'
import { embedded } from '../support/where.ts'
import type { Line } from './line.ts'

/** A broker that has just started is slow: its code is compiled while it works. */
const BROKER_WARMUP_SECONDS = 10

interface Removable {
  readonly run: Program
  remove(): Promise<void>
}

/** Finds what a line needs beside this project, starts it when first needed, and ends it. */
export class Rigs {
  readonly #withKafka: boolean
  readonly #programs = new Map<string, Promise<Removable>>()
  #kafka: Promise<Kafka> | undefined

  constructor(withKafka: boolean) {
    this.#withKafka = withKafka
  }

  /** @throws Error with the reason why this line cannot be measured here */
  async for({ cluster, subjects }: Line): Promise<Surroundings> {
    if (cluster === 'kafka' && !this.#withKafka) throw new Error('it wants --kafka')
    const programs: Record<string, Program> = {}
    for (const { driver } of Object.values(subjects)) {
      if (driver !== 'franz-go' && driver !== 'java') continue
      const make = driver === 'franz-go' ? buildFranzGo : findJavaProducer
      const made = this.#programs.get(driver) ?? make()
      this.#programs.set(driver, made)
      programs[driver] = (await made).run
    }
    if (cluster === 'embedded') return { where: embedded, programs }
    this.#kafka ??= startKafka()
    return { where: await this.#kafka, programs }
  }

  async close(): Promise<void> {
    const made = await Promise.allSettled(this.#programs.values())
    await Promise.all(made.map(one => (one.status === 'fulfilled' ? one.value.remove() : undefined)))
    await (await this.#kafka?.catch(() => undefined))?.stop()
  }
}

async function startKafka(): Promise<Kafka> {
  const kafka = await Kafka.start()
  console.log(`Apache Kafka has started and is warmed up for ${BROKER_WARMUP_SECONDS} s`)
  try {
    await trial(
      {
        driver: 'millrace',
        variant: 'batch/framed',
        properties: librdkafkaProperties(defaultSettings),
        outstanding: defaultSettings.messages,
        messageSize: 100,
        warmupSeconds: 0,
        length: { seconds: BROKER_WARMUP_SECONDS },
      },
      0,
      { where: kafka },
    )
    return kafka
  } catch (error) {
    await kafka.stop()
    throw error
  }
}
