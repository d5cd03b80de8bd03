import { Kafka } from '../support/kafka.ts'
import { commandsOf } from './catalogue.ts'
import { defaultSettings, librdkafkaProperties } from './settings.ts'
import { trial } from './trial.ts'

/** A broker that has just started is slow: its code is compiled while it works. */
const BROKER_WARMUP_SECONDS = 10

/** Apache Kafka, warmed up. @throws Error with the reason where it cannot be had */
export async function startKafka(warmupSeconds = BROKER_WARMUP_SECONDS): Promise<Kafka> {
  const commands = await commandsOf(['millrace'])
  const kafka = await Kafka.start()
  console.log(`Apache Kafka has started and is warmed up for ${warmupSeconds} s`)
  try {
    await trial(
      {
        driver: 'millrace',
        variant: 'batch/framed',
        properties: librdkafkaProperties(defaultSettings),
        outstanding: defaultSettings.messages,
        messageSize: 100,
        warmupSeconds: 0,
        length: { seconds: warmupSeconds },
      },
      0,
      { where: kafka, commands },
    )
    return kafka
  } catch (error) {
    await kafka.stop()
    throw error
  }
}
