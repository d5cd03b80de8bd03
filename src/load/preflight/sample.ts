import {
  formatOf,
  type Input,
  type MessageDetails,
  maySplit,
  openPart,
  type ReadOptions,
  readRecords,
  Splitter,
} from '../../input/index.ts'

/** Timestamps that some records of the inputs carry, for one topic. */
export interface SampledTopic {
  /** Records that were looked at and had one. */
  records: number
  earliest: Stamp
  latest: Stamp
  readonly timestamps: number[]
}

export interface Stamp {
  readonly timestamp: number
  readonly input: string
}

export interface Sample {
  /** By the topic that the records name; '' where the load names it. Only those with timestamps. */
  readonly topics: ReadonlyMap<string, SampledTopic>
  /** Topics that records name, with timestamps or without. */
  readonly named: ReadonlySet<string>
  /** Inputs of which nothing was looked at: those beyond the first thousand. */
  readonly unseen: number
}

/** Something to sample. */
export interface Specimen {
  readonly input: Input
  readonly read: ReadOptions
}

const MOST_INPUTS = 1000
const RECORDS = 1000
const HEAD_BYTES = 1024 * 1024
const TAIL_BYTES = 64 * 1024

/**
 * Looks at the beginning of each input, and at the end of those that can be entered there. Never rejects: what cannot be
 * read, or is bad, is for the load to tell.
 * @param byTopic whether the records name their topics, and the load does not
 */
export async function sampleInputs(
  specimens: readonly Specimen[],
  { byTopic }: { readonly byTopic: boolean },
): Promise<Sample> {
  const topics = new Map<string, SampledTopic>()
  const named = new Set<string>()
  const note = ({ topic = '', timestamp }: MessageDetails, input: string) => {
    if (byTopic && topic !== '') named.add(topic)
    if (timestamp !== undefined) addTo(topics, byTopic ? topic : '', { timestamp, input })
  }
  const seen = specimens.slice(0, MOST_INPUTS)
  for (const specimen of seen) {
    const whole = await look(specimen, RECORDS, note)
    const end = whole ? undefined : await endOf(specimen)
    if (end !== undefined) await look(end, Number.POSITIVE_INFINITY, note)
  }
  return { topics, named, unseen: specimens.length - seen.length }
}

/** @returns whether that was all of the input */
async function look(
  { input, read }: Specimen,
  most: number,
  note: (details: MessageDetails, input: string) => void,
): Promise<boolean> {
  const begin = input.start ?? 0
  let records = 0
  try {
    const options = { ...read, maxRecords: RECORDS, onBad: () => {} }
    for await (const { details = [], count, records: block } of readRecords(input, options)) {
      for (const record of details) note(record, input.name)
      records += count
      if (records >= most || block.endByte - begin >= HEAD_BYTES) return false
    }
  } catch {
    return false
  }
  return true
}

function addTo(topics: Map<string, SampledTopic>, topic: string, stamp: Stamp): void {
  const known = topics.get(topic)
  if (known === undefined) {
    topics.set(topic, { records: 1, earliest: stamp, latest: stamp, timestamps: [stamp.timestamp] })
    return
  }
  known.records++
  known.timestamps.push(stamp.timestamp)
  if (stamp.timestamp < known.earliest.timestamp) known.earliest = stamp
  if (stamp.timestamp > known.latest.timestamp) known.latest = stamp
}

/** The last records of a plain file of lines; csv would have to be searched for quotes from its beginning. */
async function endOf({ input, read }: Specimen): Promise<Specimen | undefined> {
  if (input.size === null || formatOf(input.name, read.format) === 'csv' || !maySplit(input, read))
    return undefined
  const splitter = await Splitter.of(input, read)
  const { end } = (await splitter?.part(0, Math.max(0, input.size - TAIL_BYTES))) ?? { end: null }
  if (splitter === undefined || end === null) return undefined
  const part = await splitter.part(end, input.size)
  return { input: openPart(part), read: { ...read, columns: part.columns ?? read.columns } }
}
