import type { Properties } from '../../client/producer-client.ts'
import type { LogLine } from '../../client/witness.ts'
import {
  type ClusterFacts,
  type PartitionOffsets,
  type ReadingProgress,
  type RunsRead,
  TopicReader,
} from '../../engine/reader.ts'
import { MillraceError } from '../../errors.ts'
import type { Claims, PartitionClaims } from './claims.ts'
import { Judge, type PartitionState, type Verdict } from './judge.ts'
import { chosen, type Sample } from './sample.ts'
import type { Segments } from './segments.ts'

export interface VerifyOptions {
  /** How long the cluster may take for an answer, or the next record to come, in ms. */
  readonly timeoutMs?: number | undefined
  /** Default: all chunks. */
  readonly sample?: Sample | undefined
  /** Ends the reading; what was not read by then is told. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined
  readonly onLog?: ((line: LogLine) => void) | undefined
}

export interface VerifyProgress extends ReadingProgress {
  /** Records that are to be found. */
  readonly expected: number
}

/** What could not be asked of the cluster, so that it was not looked at. */
export type Unchecked = 'cluster-id' | 'topic-id' | 'cleanup-policy'

export interface Verification {
  readonly claims: Claims
  /** Of the chunks that were looked at, in the receipt's order. */
  readonly verdicts: readonly Verdict[]
  readonly superseded: number
  /** Left out by the sample. */
  readonly notSampled: { readonly chunks: number; readonly records: number }
  readonly unchecked: readonly Unchecked[]
  readonly interrupted: boolean
  /** Read, between runs too. */
  readonly read: ReadingProgress
  /** Of reading. */
  readonly seconds: number
}

interface Plan {
  readonly claims: PartitionClaims
  readonly segments: Segments
}

/**
 * Looks for all that a receipt claims: reads the runs of its chunks back, and compares numbers and hashes. Waits for the
 * end of the reading; memory does not grow with the topic, and with the receipt by some 50 bytes a run.
 * @throws MillraceError as TopicReader; RECEIPT_UNFIT where the cluster is another than the receipt's; ABORTED before
 * anything was read
 */
export async function verify(
  properties: Properties,
  claims: Claims,
  options: VerifyOptions = {},
): Promise<Verification> {
  const { sample, signal, onLog, timeoutMs } = options
  const counting = [...claims.chunks.keys()].filter(position => !claims.chunks[position]?.superseded)
  const looked = sample === undefined ? new Set(counting) : await chosen(counting, sample)
  const plans = claims.partitions
    .map(partition => ({ claims: partition, segments: partition.runs.segments(owner => looked.has(owner)) }))
    .filter(({ segments }) => segments.owners.length > 0)
  const reader = TopicReader.open(properties, { timeoutMs, onLog })
  try {
    const topics = [...new Set(plans.map(plan => plan.claims.topic))]
    const facts = topics.length === 0 ? NO_FACTS : await reader.describe(topics, signal)
    checkCluster(claims, facts)
    const search = new Search(reader, properties, claims, facts, options)
    const since = performance.now()
    const judge = await search.run(plans)
    const skipped = counting.filter(position => !looked.has(position))
    return {
      claims,
      verdicts: counting
        .filter(position => looked.has(position))
        .map(position => judge.verdict(position, claimAt(claims, position))),
      superseded: claims.chunks.length - counting.length,
      notSampled: {
        chunks: skipped.length,
        records: skipped.reduce((sum, position) => sum + claimAt(claims, position).delivered, 0),
      },
      unchecked: uncheckedOf(claims, facts),
      interrupted: signal?.aborted === true,
      read: search.read,
      seconds: (performance.now() - since) / 1000,
    }
  } finally {
    reader.close()
  }
}

/** Where no chunk names an offset there is nothing to ask for. */
const NO_FACTS: ClusterFacts = { clusterId: null, topics: new Map() }

/** The reading of one receipt's runs. */
class Search {
  read: ReadingProgress = { records: 0, bytes: 0 }
  readonly #reader: TopicReader
  readonly #properties: Properties
  readonly #claims: Claims
  readonly #facts: ClusterFacts
  readonly #options: VerifyOptions

  constructor(
    reader: TopicReader,
    properties: Properties,
    claims: Claims,
    facts: ClusterFacts,
    options: VerifyOptions,
  ) {
    this.#reader = reader
    this.#properties = properties
    this.#claims = claims
    this.#facts = facts
    this.#options = options
  }

  async run(plans: readonly Plan[]): Promise<Judge> {
    const { signal, onProgress } = this.#options
    const there = plans.filter(plan => this.#standing(plan) === 'read')
    const offsets = await this.#offsets(there)
    const readable = there.flatMap(plan => {
      const found = offsets.get(plan)
      return found === undefined ? [] : [toRead(plan, found.low, found.stable)]
    })
    const expected = readable.reduce((sum, { runs }) => sum + lengthOf(runs), 0)
    const results = await this.#reader.read(readable, {
      signal,
      onProgress: progress => {
        this.read = progress
        onProgress?.({ ...progress, expected })
      },
    })
    const byPlan = new Map(results.map(result => [`${result.partition} ${result.topic}`, result]))
    const resultOf = ({ claims }: Plan) => byPlan.get(`${claims.partition} ${claims.topic}`)
    const thin = there.filter(plan => isThin(plan, resultOf(plan)))
    const again = thin.length > 0 && !signal?.aborted
    // logs lose their beginning while they are read, too
    const later = again ? await this.#offsets(thin) : new Map<Plan, PartitionOffsets>()
    const uncommitted = again ? await this.#uncommitted(thin, later, resultOf) : new Map<Plan, Float64Array>()
    const judge = new Judge()
    for (const plan of plans) {
      const state = this.#state(plan, offsets.get(plan), later.get(plan), resultOf(plan))
      addAll(judge, plan, state, resultOf(plan), uncommitted.get(plan))
    }
    return judge
  }

  #standing({ claims: { topic, partition } }: Plan): PartitionState['kind'] {
    const facts = this.#facts.topics.get(topic)
    if (facts === undefined || !facts.exists) return 'absent'
    if (isOther(this.#claims.topicIds.get(topic), facts.topicId)) return 'recreated'
    return partition < facts.partitions ? 'read' : 'absent'
  }

  async #offsets(plans: readonly Plan[]): Promise<Map<Plan, PartitionOffsets>> {
    const found = await this.#reader.offsets(
      plans.map(plan => plan.claims),
      this.#options.signal,
    )
    return new Map(plans.flatMap((plan, index) => (found[index] ? [[plan, found[index]]] : [])))
  }

  /** How many records the thin segments have for a reader that sees those of aborted and open transactions, too. */
  async #uncommitted(
    plans: readonly Plan[],
    offsets: ReadonlyMap<Plan, PartitionOffsets>,
    resultOf: (plan: Plan) => RunsRead | undefined,
  ): Promise<Map<Plan, Float64Array>> {
    const { timeoutMs, onLog, signal } = this.#options
    const wanted = plans.flatMap(plan => {
      const at = offsets.get(plan)
      const places = at === undefined ? [] : thinPlaces(plan, resultOf(plan))
      const inside = places.filter(place => (plan.segments.ends[2 * place] as number) < (at?.high ?? 0))
      return at === undefined || inside.length === 0 ? [] : [{ plan, at, places: inside }]
    })
    const reader = TopicReader.open(this.#properties, { isolation: 'read_uncommitted', timeoutMs, onLog })
    try {
      const results = await reader.read(
        wanted.map(({ plan, at, places }) => toRead(plan, at.low, at.high, places)),
        { signal },
      )
      return new Map(
        wanted.map(({ plan, places }, index) => {
          const records = new Float64Array(plan.segments.owners.length)
          for (const [nth, place] of places.entries()) records[place] = results[index]?.records[nth] ?? 0
          return [plan, records]
        }),
      )
    } finally {
      reader.close()
    }
  }

  #state(
    plan: Plan,
    before: PartitionOffsets | undefined,
    after: PartitionOffsets | undefined,
    result: RunsRead | undefined,
  ): PartitionState {
    const { topic, partition } = plan.claims
    const standing = this.#standing(plan)
    return {
      topic,
      partition,
      kind: standing === 'read' && (before === undefined || result?.gone === true) ? 'absent' : standing,
      low: Math.max(before?.low ?? 0, after?.low ?? 0),
      high: Math.max(before?.high ?? 0, after?.high ?? 0),
      stable: before?.stable ?? 0,
      next: this.#options.signal?.aborted ? (result?.next ?? 0) : Number.POSITIVE_INFINITY,
      unreadable: result?.error !== undefined,
      compacted: this.#facts.topics.get(topic)?.cleanupPolicy?.includes('compact') === true,
    }
  }
}

function addAll(
  judge: Judge,
  { segments }: Plan,
  state: PartitionState,
  result: RunsRead | undefined,
  uncommitted: Float64Array | undefined,
): void {
  for (const [place, owners] of segments.owners.entries()) {
    const records = result?.records[place] ?? 0
    judge.add(owners, state, {
      first: segments.ends[2 * place] as number,
      last: segments.ends[2 * place + 1] as number,
      records,
      hash: result?.hashes[place] ?? 0n,
      uncommitted: Math.max(records, uncommitted?.[place] ?? 0),
    })
  }
}

function toRead(
  { claims: { topic, partition }, segments: { ends } }: Plan,
  low: number,
  limit: number,
  places?: readonly number[],
) {
  const runs =
    places === undefined
      ? ends
      : Float64Array.from(places.flatMap(place => [ends[2 * place] as number, ends[2 * place + 1] as number]))
  return { topic, partition, low, limit: Math.min(limit, (runs.at(-1) ?? -1) + 1), runs }
}

function thinPlaces({ segments: { ends, owners } }: Plan, result: RunsRead | undefined): number[] {
  return [...owners.keys()].filter(
    place =>
      (result?.records[place] ?? 0) < (ends[2 * place + 1] as number) - (ends[2 * place] as number) + 1,
  )
}

const isThin = (plan: Plan, result: RunsRead | undefined) => thinPlaces(plan, result).length > 0

function lengthOf(runs: Float64Array): number {
  let sum = 0
  for (let at = 0; at < runs.length; at += 2) sum += (runs[at + 1] as number) - (runs[at] as number) + 1
  return sum
}

/** Ids are written in one of two alphabets. */
function isOther(claimed: string | null | undefined, found: string | null): boolean {
  const plain = (id: string) => id.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
  return claimed !== null && claimed !== undefined && found !== null && plain(claimed) !== plain(found)
}

function checkCluster({ path, header }: Claims, { clusterId }: ClusterFacts): void {
  if (header.clusterId === null || clusterId === null || header.clusterId === clusterId) return
  throw new MillraceError(
    'RECEIPT_UNFIT',
    `The receipt ${path} is of the cluster ${header.clusterId}, and this one is ${clusterId}`,
    {
      hint: 'Give the brokers of the cluster that was loaded',
      context: { receipt: path, clusterId: header.clusterId, found: clusterId },
    },
  )
}

function uncheckedOf({ header, topicIds }: Claims, { clusterId, topics }: ClusterFacts): Unchecked[] {
  const there = [...topics].filter(([, { exists }]) => exists)
  const unchecked: Unchecked[] = []
  if (header.clusterId === null || clusterId === null) unchecked.push('cluster-id')
  if (there.some(([topic, { topicId }]) => topicId === null || (topicIds.get(topic) ?? null) === null))
    unchecked.push('topic-id')
  if (there.some(([, { cleanupPolicy }]) => cleanupPolicy === null)) unchecked.push('cleanup-policy')
  return unchecked
}

function claimAt({ chunks }: Claims, position: number) {
  return chunks[position] as Claims['chunks'][number]
}
