// A thread of threads.ts: attaches to the producer of the main thread, and sends its part of the messages.
import { parentPort, workerData } from 'node:worker_threads'
import { AttachedProducer } from 'millrace'

const { token, topic, numbers } = workerData
const producer = AttachedProducer.attach(token)

await Promise.all(
  numbers.map(async number => {
    const value = Buffer.from(`Message ${number}`, 'utf8')
    // Resolves when the broker has acknowledged the message.
    const { partition, offset } = await producer.send({ topic, value })
    parentPort.postMessage({ number, partition, offset })
  }),
)

await producer.close()
