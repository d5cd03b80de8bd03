import { randomUUID } from 'node:crypto'
import { describe as text } from '../../../src/errors.ts'
import { Guard } from './guard.ts'
import { run } from './run.ts'
import type { KafkaNeeds, KafkaUnderTest, RungDriver } from './types.ts'

const image = 'confluentinc/cp-kafka:8.0.0'
const labelName = 'millrace.kafka'

/** One broker in a container; wants a Docker engine, and the image there or to be pulled. */
export const testcontainers: RungDriver = {
  rung: 'testcontainers',

  async availability() {
    try {
      await run('docker', ['info'], 20_000)
    } catch (error) {
      return unavailable(`no Docker engine: ${text(error)}`)
    }
    try {
      const there = await run('docker', ['images', '-q', image], 20_000)
      if (there === '') await run('docker', ['pull', '-q', image], 300_000)
    } catch (error) {
      return unavailable(`Docker has no image ${image}: ${text(error)}`)
    }
    return { rung: 'testcontainers', available: true, reason: image }
  },

  lacks(needs) {
    if (needs.control) return 'its broker cannot be killed and restarted'
    if (needs.brokers === 3) return 'it has one broker'
    return undefined
  },

  start,
}

function unavailable(reason: string) {
  return { rung: 'testcontainers', available: false, reason } as const
}

async function start(needs: KafkaNeeds): Promise<KafkaUnderTest> {
  // The guard does what testcontainers' own reaper would do, without another image to pull.
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true'
  const { KafkaContainer } = await import('@testcontainers/kafka')
  const id = randomUUID()
  const guard = new Guard()
  guard.containers(`${labelName}=${id}`)
  try {
    const container = await new KafkaContainer(image)
      .withLabels({ [labelName]: id })
      .withEnvironment({
        KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
        ...environment(needs.properties ?? {}),
      })
      .start()
    return {
      rung: 'testcontainers',
      bootstrapServers: `${container.getHost()}:${container.getMappedPort(9093)}`,
      brokers: 1,
      leftovers: () => guard.leftovers(),
      stop: () => guard.finish(),
    }
  } catch (error) {
    await guard.finish()
    throw error
  }
}

/** The image takes message.max.bytes as KAFKA_MESSAGE_MAX_BYTES. */
function environment(properties: Readonly<Record<string, string>>): Record<string, string> {
  const pairs = Object.entries(properties).map(([name, value]): [string, string] => [
    `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`,
    value,
  ])
  return Object.fromEntries(pairs)
}
