import type { Properties } from '../../client/producer-client.ts'
import { canonicalName } from '../../config/index.ts'
import { inFlightLimit } from '../busy.ts'
import type { Cell, Grid } from '../cell.ts'
import type { Goal } from './goal.ts'
import type { Configuration, Dimension, Value } from './search.ts'

/** Fields of a cell that are searched. */
export const tunedFields = ['producers', 'threads', 'loops', 'outstanding', 'compression'] as const
type TunedField = (typeof tunedFields)[number]

/** The property that a field stands for where messages are sent by something else than bench. */
const propertyOfField: Partial<Record<TunedField, string>> = {
  outstanding: 'queue.buffering.max.messages',
  compression: 'compression.type',
}

export const IN_FLIGHT = 'max.in.flight.requests.per.connection'

export interface SpaceOptions {
  readonly goal: Goal
  /** Where the search starts. */
  readonly cell: Cell
  /** The lists that were given: what there is to search of these. */
  readonly lists: Partial<Grid>
  /** Given ones: these are not searched. */
  readonly properties: Properties
  readonly cores: number
  /** Payloads of the user's own; random ones do not compress. */
  readonly ownPayloads: boolean
}

/** What is searched: those with the largest effects first, as the later ones are tried upon them. */
export function spaceOf({ goal, cell, lists, properties, cores, ownPayloads }: SpaceOptions): Dimension[] {
  const fast = goal.kind === 'throughput'
  const parallel = [1, 2, 4, 8].filter(count => count <= Math.max(2, cores))
  const usual: Partial<Record<TunedField, readonly Value[]>> = {
    producers: parallel.filter(count => count <= 4),
    ...(cell.engine === 'batch' ? { threads: parallel } : {}),
    ...(fast ? { loops: [1, 4], outstanding: [10_000, 100_000, 2500] } : {}),
    ...(ownPayloads ? { compression: ['none', 'lz4', 'snappy', 'zstd'] } : {}),
  }
  const fields = tunedFields.map(field => ({
    name: field,
    values: distinct([cell[field], ...(lists[field] ?? usual[field] ?? [])]),
  }))
  const given = new Set(Object.keys(properties).map(canonicalName))
  const mostInFlight = inFlightLimit(properties, cell.acks)
  const linger = fast ? [5, 0, 25, 100] : [5, ...[0, 1, 2, 10].filter(ms => ms <= goal.p99Ms / 2)]
  const offered: Dimension[] = [
    { name: 'linger.ms', values: linger },
    { name: 'batch.size', values: [1_000_000, 250_000, 65_536] },
    { name: IN_FLIGHT, values: distinct([mostInFlight, 5, 2, 1]) },
  ]
  return [...fields, ...offered.filter(({ name }) => !given.has(canonicalName(name)))].filter(
    ({ values }) => values.length > 1,
  )
}

function distinct(values: readonly Value[]): Value[] {
  return [...new Set(values)]
}

export interface Setup {
  readonly cell: Cell
  readonly properties: Properties
}

/** What a trial of a configuration has. Where it is as at the start, nothing is set. */
export function setUp(base: Setup, start: Configuration, configuration: Configuration): Setup {
  let { cell } = base
  const properties: Record<string, string | number | boolean> = {}
  for (const [name, value] of Object.entries(configuration)) {
    if (isField(name)) cell = { ...cell, [name]: value }
    else if (value !== start[name]) properties[name] = value
  }
  return { cell, properties: { ...base.properties, ...properties } }
}

/** In which dimensions two configurations differ. */
export function changesOf(start: Configuration, winner: Configuration): string[] {
  return Object.keys(winner).filter(name => winner[name] !== start[name])
}

/** As a property of librdkafka; undefined for what a program does by itself. */
export function propertyOf(name: string): string | undefined {
  return isField(name) ? propertyOfField[name] : name
}

function isField(name: string): name is TunedField {
  return (tunedFields as readonly string[]).includes(name)
}
