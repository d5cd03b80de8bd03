import { CallDriver } from '../node/calls.ts'
import type { Connect } from '../node/driver.ts'
import { installed } from '../node/modules.ts'

/** What is used of @platformatic/kafka. */
interface Platformatic {
  readonly Producer: new (options: object) => PlatformaticProducer
}

interface PlatformaticProducer {
  metadata(options: { topics: string[] }): Promise<object>
  send(call: { messages: object[] }): Promise<object>
  close(): Promise<void>
}

/** @platformatic/kafka: `send` with arrays, so many calls at a time. */
export const connect: Connect = async setup => {
  const { brokers, topic, properties, folder } = setup
  const { module, client } = await installed<Platformatic>(folder, '@platformatic/kafka')
  const producer = new module.Producer({
    clientId: 'peer',
    bootstrapBrokers: brokers.split(','),
    ...properties,
  })
  await producer.metadata({ topics: [topic] })
  return new CallDriver(
    {
      client: `${client}, Node.js ${process.versions.node}`,
      async send(values, partition) {
        const messages = values.map(value =>
          partition === null ? { topic, value } : { topic, value, partition },
        )
        await producer.send({ messages })
        return values.length
      },
      close: () => producer.close(),
    },
    setup,
  )
}
