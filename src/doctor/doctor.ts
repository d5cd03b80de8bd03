import type { Metadata, Properties } from '../client/producer-client.ts'
import { type Broker, requireBrokers } from '../config/index.ts'
import type { EngineName } from '../engine/connect.ts'
import type { MillraceError } from '../errors.ts'
import { effectiveProperties } from '../producer/effective-properties.ts'
import { Producer } from '../producer/producer.ts'
import { type BrokerReport, type Examined, examineBroker } from './broker.ts'
import { examineInstallation, type Installation } from './installation.ts'
import { examineTopic, type TopicReport } from './topic.ts'

export interface DoctorOptions {
  readonly engine: EngineName
  /** Checked; without bootstrap.servers only the installation is examined. */
  readonly properties: Properties
  readonly topic: string | undefined
  /** For each step of each broker; default 5000. */
  readonly timeoutMs?: number | undefined
}

export interface Diagnosis {
  readonly installation: Installation
  readonly brokers: readonly BrokerReport[]
  /** Null: none was asked for, or no broker was reached. */
  readonly topic: TopicReport | null
  /** What is broken, what is deeper first. */
  readonly problems: readonly MillraceError[]
}

/** Examines what a producer needs, one after the other: installation, each broker, the topic. Never rejects. */
export async function diagnose({
  engine,
  properties,
  topic,
  timeoutMs = 5000,
}: DoctorOptions): Promise<Diagnosis> {
  const installation = examineInstallation(engine)
  const nothing = { installation, brokers: [], topic: null, problems: installation.problems }
  if (installation.librdkafka === null || properties['bootstrap.servers'] === undefined) return nothing
  let effective: Properties
  let given: readonly Broker[]
  try {
    effective = effectiveProperties(properties, () => {})
    given = requireBrokers(properties)
  } catch (error) {
    return { ...nothing, problems: [...installation.problems, error as MillraceError] }
  }
  const examine = (brokers: readonly Broker[], source: BrokerReport['source']) =>
    Promise.all(brokers.map(broker => examineBroker(broker, { source, properties: effective, timeoutMs })))
  const bootstrap = await examine(given, 'bootstrap')
  const advertised = await examine(advertisedBeside(given, bootstrap), 'advertised')
  const all = [...bootstrap, ...advertised]
  const about = await topicReport(all, { engine, properties, topic, timeoutMs })
  const problems = [...all.map(({ problem }) => problem), about?.problem]
  return {
    installation,
    brokers: all.map(({ report }) => report),
    topic: about,
    problems: [...installation.problems, ...problems.filter(problem => problem !== undefined)],
  }
}

/** Where the cluster sends clients that have come this far: often the part that does not work. */
function advertisedBeside(given: readonly Broker[], examined: readonly Examined[]): Broker[] {
  const metadata: Metadata | undefined = examined.find(({ metadata }) => metadata !== undefined)?.metadata
  const isGiven = ({ host, port }: Broker) => given.some(other => other.host === host && other.port === port)
  return (metadata?.brokers ?? [])
    .map(({ host, port }) => ({ host, port }))
    .filter(broker => !isGiven(broker))
}

async function topicReport(
  examined: readonly Examined[],
  { engine, properties, topic, timeoutMs }: DoctorOptions,
): Promise<TopicReport | null> {
  if (topic === undefined || examined.every(({ report }) => !report.reached)) return null
  // asking is not to make it
  const asking = { ...properties, 'allow.auto.create.topics': false }
  const connecting = Producer.connect(asking, { engine, timeoutMs, onWarning() {} })
  try {
    const producer = await connecting
    const report = await examineTopic(producer, topic)
    await producer.close({ timeoutMs: 0 })
    return report
  } catch (error) {
    const nothing = { topic, partitions: null, leaderless: [], configs: null, untold: null }
    return { ...nothing, problem: error as MillraceError }
  }
}
