import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe as text } from '../../../src/errors.ts'
import { Guard } from './guard.ts'
import { dataFolderOf, MavenBroker } from './maven-broker.ts'
import { untilAllListed } from './metadata.ts'
import { freePorts } from './ports.ts'
import { run } from './run.ts'
import type { ControlledKafka, KafkaNeeds, RungDriver } from './types.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const listedTimeoutMs = 30_000

export interface MavenKafka extends ControlledKafka {
  /** Where each broker keeps its logs. */
  readonly dataFolders: readonly string[]
}

/** Apache Kafka from its jars, one process a broker; wants Java 17, and Maven the first time. */
export const maven: Omit<RungDriver, 'start'> & { start(needs: KafkaNeeds): Promise<MavenKafka> } = {
  rung: 'maven',

  async availability() {
    try {
      const java = await run('java', ['--version'], 20_000)
      const major = Number(/^\S+ (\d+)/.exec(java)?.[1])
      if (!(major >= 17)) throw new Error(`Kafka wants Java 17 or newer; here is ${java.split('\n')[0]}`)
      return { rung: 'maven', available: true, reason: await jars() }
    } catch (error) {
      return { rung: 'maven', available: false, reason: text(error) }
    }
  },

  lacks: () => undefined,

  start,
}

/** The folder of the jars, fetched if need be. */
function jars(): Promise<string> {
  return run(join(root, 'scripts/kafka-jars'), [], 300_000)
}

async function start(needs: KafkaNeeds): Promise<MavenKafka> {
  const count = needs.brokers ?? 1
  const folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-'))
  const guard = new Guard()
  guard.folder(folder)
  try {
    const brokers = await layOut(count, folder, needs.properties ?? {}, guard)
    await Promise.all(brokers.map(broker => broker.start()))
    return await served(brokers, guard)
  } catch (error) {
    await guard.finish()
    throw error
  }
}

async function layOut(
  count: number,
  folder: string,
  overrides: Readonly<Record<string, string>>,
  guard: Guard,
): Promise<MavenBroker[]> {
  const ports = await freePorts(2 * count)
  const jarFolder = await jars()
  const quorum = ports.slice(count).map((port, i) => `${i + 1}@127.0.0.1:${port}`)
  const clusterId = randomBytes(16).toString('base64url')
  const brokers = ports.slice(0, count).map((port, i) => {
    const nodeId = i + 1
    const place = join(folder, String(nodeId))
    const fixed = {
      'process.roles': 'broker,controller',
      'node.id': String(nodeId),
      'controller.quorum.voters': quorum.join(','),
      'controller.listener.names': 'CONTROLLER',
      listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${ports[count + i]}`,
      'log.dirs': dataFolderOf(place),
    }
    refuseFixed(overrides, fixed)
    const properties = { ...fixed, ...defaults(count), ...overrides }
    return new MavenBroker({ nodeId, port, jars: jarFolder, folder: place, properties }, guard)
  })
  await Promise.all(brokers.map(broker => broker.format(clusterId)))
  return brokers
}

function refuseFixed(overrides: object, fixed: object): void {
  const taken = Object.keys(overrides).find(name => Object.hasOwn(fixed, name))
  if (taken !== undefined) throw new Error(`${taken} is what the Maven rung itself sets`)
}

function defaults(count: number): Record<string, string> {
  const replicas = String(count)
  const inSync = String(Math.min(2, count))
  return {
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': '3',
    'group.initial.rebalance.delay.ms': '0',
    // A killed broker's leaderships move after this long; Kafka's own 9 s only make tests slower.
    'broker.session.timeout.ms': '6000',
  }
}

async function served(brokers: readonly MavenBroker[], guard: Guard): Promise<MavenKafka> {
  const listed = () => {
    const running = brokers.filter(broker => broker.running)
    return untilAllListed(
      running.map(broker => broker.address),
      listedTimeoutMs,
    )
  }
  const at = (index: number): MavenBroker => {
    const broker = brokers[index]
    if (broker === undefined) throw new RangeError(`there is no broker ${index} among ${brokers.length}`)
    return broker
  }
  await listed()
  return {
    rung: 'maven',
    bootstrapServers: brokers.map(broker => broker.address).join(','),
    brokers: brokers.length,
    dataFolders: brokers.map(broker => broker.dataFolder),
    kill9: async index => at(index).kill9(),
    async restart(index) {
      const broker = at(index)
      await broker.shutDown()
      await broker.start()
      await listed()
    },
    leftovers: () => guard.leftovers(),
    stop: () => guard.finish(),
  }
}
