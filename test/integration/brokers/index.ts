import { embedded } from './embedded.ts'
import { existing } from './existing.ts'
import { maven } from './maven.ts'
import { testcontainers } from './testcontainers.ts'
import {
  type Availability,
  type ControlledKafka,
  type KafkaNeeds,
  type KafkaUnderTest,
  type Rung,
  type RungDriver,
  rungs,
} from './types.ts'

export type { Availability, ControlledKafka, KafkaNeeds, KafkaUnderTest, Rung } from './types.ts'

const drivers: Readonly<Record<Rung, RungDriver>> = { existing, testcontainers, maven, embedded }
const answers = new Map<Rung, Promise<Availability>>()

/** Each rung, best first, and whether it can be had here; asked once a process, as it may fetch what a rung needs. */
export function availableRungs(): Promise<Availability[]> {
  return Promise.all(rungs.map(availability))
}

function availability(rung: Rung): Promise<Availability> {
  const known = answers.get(rung) ?? drivers[rung].availability()
  answers.set(rung, known)
  return known
}

/** The best rung for such needs, or why there is none. */
export type Choice =
  | { readonly rung: Rung; readonly reason?: undefined }
  | { readonly rung?: undefined; readonly reason: string; readonly required: boolean }

/**
 * Looks down the ladder. A choice of none is `required` when MILLRACE_REQUIRE names a rung that would have served:
 * then the suite is to fail, not to be skipped.
 */
export async function chooseRung(needs: KafkaNeeds): Promise<Choice> {
  const required = requiredRungs(process.env.MILLRACE_REQUIRE)
  const reasons: string[] = []
  let missed = false
  for (const rung of needs.rungs ?? rungs) {
    const lacking = drivers[rung].lacks(needs)
    if (lacking !== undefined) {
      reasons.push(`${rung}: ${lacking}`)
      continue
    }
    const { available, reason } = await availability(rung)
    if (available) return { rung }
    reasons.push(`${rung}: ${reason}`)
    missed ||= required.has(rung)
  }
  return { reason: reasons.join('; '), required: missed }
}

/** MILLRACE_REQUIRE: names of rungs, separated by commas. */
export function requiredRungs(list = ''): Set<Rung> {
  const names = list
    .split(',')
    .map(name => name.trim())
    .filter(Boolean)
  const unknown = names.find(name => !isRung(name))
  if (unknown !== undefined)
    throw new Error(`MILLRACE_REQUIRE: no rung is called ${unknown}; there are ${rungs.join(', ')}`)
  return new Set(names.filter(isRung))
}

function isRung(name: string): name is Rung {
  return rungs.some(rung => rung === name)
}

/**
 * Starts the best Kafka for such needs and waits until it serves; the caller stops it. Rejects with each rung's
 * reason when none can serve. In test files `describeOnKafka` does it all.
 */
export function startKafka(needs: KafkaNeeds & { readonly control: true }): Promise<ControlledKafka>
export function startKafka(needs?: KafkaNeeds): Promise<KafkaUnderTest>
export async function startKafka(needs: KafkaNeeds = {}): Promise<KafkaUnderTest> {
  const choice = await chooseRung(needs)
  if (choice.rung === undefined) throw new Error(`no Kafka for this: ${choice.reason}`)
  return drivers[choice.rung].start(needs)
}
