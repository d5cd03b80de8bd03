import type { TrialLength } from '../../src/bench/trial.ts'
import {
  defaultSettings,
  franzGoSettings,
  javaProperties,
  largeSettings,
  librdkafkaProperties,
  type Settings,
} from '../peers/settings.ts'
import type { Subject } from '../peers/trial.ts'
import { claims } from './claims.ts'
import { cpu, cpuRatio, type Line, type Measure, outcomeOf, rate, rateRatio } from './line.ts'

export interface Size {
  readonly seconds: number
  /** Messages of the long trial of cost-messages, in millions. */
  readonly millions: number
}

type Cluster = Line['cluster']
const clusters: readonly Cluster[] = ['embedded', 'kafka']
const WARMUP_SECONDS = 1
const SEND_OUTSTANDING = 10_000

/** Every line there is, in the order of the table. */
export function allLines(size: Size): Line[] {
  return [
    ...clusters.flatMap(cluster => ceilingLines(cluster, size)),
    ...clusters.flatMap(cluster => nodeRdkafkaLines(cluster, size)),
    ...otherClients(size),
    eventLoopDelay(size),
    threads(size),
    costByCount(size),
    costByPartitions(size),
  ]
}

function subject(
  driver: string,
  variant: string,
  { seconds }: Size,
  settings: Settings,
  more: Partial<Subject> = {},
): Subject {
  return {
    driver,
    variant,
    properties: librdkafkaProperties(settings),
    outstanding: settings.messages,
    messageSize: 100,
    warmupSeconds: WARMUP_SECONDS,
    length: { seconds },
    ...more,
  }
}

function ceilingLines(cluster: Cluster, size: Size): Line[] {
  const sizes = [
    {
      name: 'framed',
      messageSize: 100,
      claim: claims.framedToCeiling100,
      cpuClaim: claims.framedCpuToCeiling100,
    },
    { name: 'framed-1k', messageSize: 1024, claim: claims.framedToCeiling1k, cpuClaim: undefined },
  ]
  const flights = [
    { suffix: '', settings: defaultSettings, told: 'defaults in flight' },
    { suffix: '-large', settings: largeSettings, told: '500,000 and 1 GiB in flight' },
  ]
  return sizes.flatMap(({ name, messageSize, claim, cpuClaim }) =>
    flights.map(
      ({ suffix, settings, told }): Line => ({
        name: `${name}${suffix}-${cluster}`,
        title: `framed, ${messageSize} B, counts only, ${told}`,
        cluster,
        settings,
        subjects: {
          framed: subject('millrace', 'batch/framed', size, settings, { messageSize }),
          ceiling: subject('ceiling', '', size, settings, { messageSize }),
          'scouting ceiling': subject('ceiling', 'scout', size, settings, { messageSize }),
        },
        measures: [
          rateRatio('framed', 'ceiling', claim),
          rate('framed'),
          cpu('framed'),
          cpu('ceiling'),
          cpuRatio('framed', 'ceiling', cpuClaim),
          rateRatio('framed', 'scouting ceiling'),
          cpuRatio('framed', 'scouting ceiling'),
        ],
      }),
    ),
  )
}

function nodeRdkafkaLines(cluster: Cluster, size: Size): Line[] {
  const settings = defaultSettings
  const ways = [
    { way: 'framed', title: 'framed, 100 B', extra: '', claim: claims.framedToNodeRdkafka, to: 'counting' },
    {
      way: 'objects',
      title: 'sendBatch of objects of strings, offsets back',
      extra: '+text',
      claim: claims.objectsToNodeRdkafka,
      to: 'telling',
    },
    {
      way: 'send',
      title: 'send, 10,000 outstanding',
      extra: '',
      claim: claims.sendToNodeRdkafka,
      to: 'telling',
    },
  ]
  return ways.map(({ way, title, extra, claim, to }): Line => {
    const outstanding = way === 'send' ? SEND_OUTSTANDING : settings.messages
    const other = to === 'telling' ? 'counting' : 'telling'
    const bare = (opaque: string) =>
      subject('node-rdkafka', `best${opaque}${extra}`, size, settings, { outstanding })
    return {
      name: `${way}-vs-rdkafka-${cluster}`,
      title,
      cluster,
      settings,
      subjects: {
        counting: bare(''),
        [way]: subject('millrace', `batch/${way}`, size, settings, { outstanding }),
        telling: bare('+opaque'),
      },
      measures: [
        rateRatio(way, to, claim),
        rateRatio(way, other),
        rate(way),
        rate('telling'),
        rate('counting'),
        cpuRatio(way, to),
      ],
    }
  })
}

function otherClients(size: Size): Line[] {
  const settings = defaultSettings
  const others = [
    { other: 'franz-go', properties: franzGoSettings(settings), claim: claims.framedToFranzGo },
    { other: 'java', properties: javaProperties(settings), claim: claims.framedToJava },
  ]
  return others.map(
    ({ other, properties, claim }): Line => ({
      name: `framed-vs-${other}`,
      title: 'framed, 100 B, beside a client of another language, and the ceiling',
      cluster: 'kafka',
      settings,
      subjects: {
        framed: subject('millrace', 'batch/framed', size, settings),
        [other]: subject(other, '', size, settings, { properties }),
        // no user of librdkafka can be faster than this
        ceiling: subject('ceiling', '', size, settings),
      },
      measures: [
        rateRatio('framed', other, claim),
        rateRatio('ceiling', other),
        rate('framed'),
        rate(other),
        rate('ceiling'),
        cpu('framed'),
        cpu(other),
        cpuRatio('framed', other),
        cpuRatio('ceiling', other),
      ],
    }),
  )
}

function eventLoopDelay(size: Size): Line {
  const settings = defaultSettings
  const ways = { framed: 'framed', sendBatch: 'arrays', send: 'send', produceFrom: 'source' }
  return {
    name: 'event-loop-delay',
    title: 'p99 of the event loop while producing flat out',
    cluster: 'embedded',
    settings,
    subjects: Object.fromEntries(
      Object.entries(ways).map(([name, way]) => [
        name,
        subject('millrace', `batch/${way}`, size, settings, {
          outstanding: way === 'send' ? SEND_OUTSTANDING : settings.messages,
        }),
      ]),
    ),
    measures: Object.keys(ways).map(name => ({
      what: `p99 with ${name}`,
      unit: 'ms',
      claim: claims.eventLoopDelay,
      of: round => outcomeOf(round, name).eventLoopDelayP99Ms ?? Number.NaN,
    })),
  }
}

function threads(size: Size): Line {
  const settings = defaultSettings
  const of = (variant: string, more: Partial<Subject> = {}) =>
    subject('threads', variant, size, settings, more)
  const share: Measure = {
    what: 'send/2 over what the threads’ CPU allows',
    unit: 'times',
    claim: claims.threads,
    of(round) {
      const cost = (name: string) => outcomeOf(round, name).threadCpuSecondsPerMillion ?? Number.NaN
      return cost('send/1') / cost('send/2') / (cost('parse/1') / cost('parse/2'))
    },
  }
  return {
    name: 'threads',
    title: 'two threads parse NDJSON and share a producer',
    cluster: 'embedded',
    settings,
    subjects: {
      'parse/1': of('parse/1', { sends: false }),
      'parse/2': of('parse/2', { sends: false }),
      'send/2': of('send/2'),
      'send/1': of('send/1'),
    },
    measures: [
      share,
      rateRatio('send/2', 'send/1'),
      rateRatio('parse/2', 'parse/1'),
      rateRatio('send/2', 'parse/2'),
      rate('send/2'),
    ],
  }
}

/** How a message's CPU grows from one case to another: millrace's over the ceiling's, and each by itself. */
function growth(small: string, large: string): Measure[] {
  const grown = (who: string) => ({
    what: `CPU a message of ${who}, ${large} / ${small}`,
    unit: 'times' as const,
    of: (round: Parameters<Measure['of']>[0]) =>
      outcomeOf(round, `${who} ${large}`).cpuSecondsPerMillion /
      outcomeOf(round, `${who} ${small}`).cpuSecondsPerMillion,
  })
  const framed = grown('framed')
  const ceiling = grown('ceiling')
  return [
    {
      what: 'growth of framed / of ceiling',
      unit: 'times',
      claim: claims.growth,
      of: round => framed.of(round) / ceiling.of(round),
    },
    framed,
    ceiling,
    rateRatio(`framed ${large}`, `framed ${small}`),
    rateRatio(`ceiling ${large}`, `ceiling ${small}`),
  ]
}

function costByCount(size: Size): Line {
  const settings = defaultSettings
  const of = (driver: string, variant: string, millions: number) => {
    const length: TrialLength = { messages: millions * 1_000_000 }
    return subject(driver, variant, size, settings, { length })
  }
  const [small, large] = ['1 M', `${size.millions} M`]
  return {
    name: 'cost-messages',
    title: `cost of a message, 1 M against ${size.millions} M`,
    cluster: 'embedded',
    settings,
    subjects: {
      [`framed ${small}`]: of('millrace', 'batch/framed', 1),
      [`framed ${large}`]: of('millrace', 'batch/framed', size.millions),
      [`ceiling ${large}`]: of('ceiling', '', size.millions),
      [`ceiling ${small}`]: of('ceiling', '', 1),
    },
    measures: growth(small, large),
  }
}

function costByPartitions(size: Size): Line {
  const settings = defaultSettings
  const of = (driver: string, variant: string, partitions: number) =>
    subject(driver, variant, size, settings, { partitions })
  const [small, large] = ['in 1', 'in 1,000']
  return {
    name: 'cost-partitions',
    title: 'cost of a message, topics of 1 and of 1,000 partitions',
    cluster: 'embedded',
    settings,
    subjects: {
      [`framed ${small}`]: of('millrace', 'batch/framed', 1),
      [`framed ${large}`]: of('millrace', 'batch/framed', 1000),
      [`ceiling ${large}`]: of('ceiling', '', 1000),
      [`ceiling ${small}`]: of('ceiling', '', 1),
    },
    measures: growth(small, large),
  }
}
