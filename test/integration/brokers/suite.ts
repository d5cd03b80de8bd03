import { afterAll, beforeAll, describe, test } from 'vitest'
import { skipBecause } from '../../support/skip-reason.ts'
import {
  type ControlledKafka,
  chooseRung,
  type KafkaNeeds,
  type KafkaUnderTest,
  startKafka,
} from './index.ts'

const startTimeoutMs = 240_000
const stopTimeoutMs = 60_000

/**
 * A suite with a Kafka of its own: started before its tests, stopped after them, whatever happened between.
 * Where no rung serves, the suite is skipped with the reason, or fails if MILLRACE_REQUIRE names such a rung.
 *
 *     await describeOnKafka('transactions', { real: true }, kafka => {
 *       test('…', async () => { … kafka().bootstrapServers … })
 *     })
 *
 * To be awaited at the top of a test file. `kafka()` works inside tests and hooks only.
 */
export function describeOnKafka(
  title: string,
  needs: KafkaNeeds & { readonly control: true },
  tests: (kafka: () => ControlledKafka) => void,
): Promise<void>
export function describeOnKafka(
  title: string,
  needs: KafkaNeeds,
  tests: (kafka: () => KafkaUnderTest) => void,
): Promise<void>
export async function describeOnKafka(
  title: string,
  needs: KafkaNeeds,
  tests: (kafka: () => ControlledKafka) => void,
): Promise<void> {
  await describeWhere(title, needs, () => tests(startedKafka(needs)))
}

/** The same without a Kafka of its own: a suite for machines where such a Kafka could be started. */
export async function describeWhere(title: string, needs: KafkaNeeds, tests: () => void): Promise<void> {
  const choice = await chooseRung(needs)
  if (choice.rung !== undefined) {
    describe(`${title} (${choice.rung})`, tests)
  } else if (choice.required) {
    describe(title, () => {
      test('has the Kafka that MILLRACE_REQUIRE names', () => {
        throw new Error(choice.reason)
      })
    })
  } else {
    describe(title, skipBecause(choice.reason), tests)
  }
}

/** Registers the hooks. The start is kept as a promise, so that a hook that timed out is cleaned up after, too. */
function startedKafka(needs: KafkaNeeds): () => ControlledKafka {
  let starting: Promise<KafkaUnderTest> | undefined
  let started: KafkaUnderTest | undefined

  beforeAll(async () => {
    starting = startKafka(needs)
    started = await starting
  }, startTimeoutMs)

  afterAll(async () => {
    const kafka = await starting?.catch(() => undefined)
    await kafka?.stop()
  }, stopTimeoutMs)

  return () => {
    if (started === undefined) throw new Error('the Kafka of this suite is there inside tests and hooks only')
    // The overloads hand this type out only for needs with control, which a rung without it does not serve.
    return started as ControlledKafka
  }
}
