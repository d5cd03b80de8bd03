import type { TuneVerdict } from './confirm.ts'
import { type Goal, goalText } from './goal.ts'
import type { Configuration, Dimension, Step, Value } from './search.ts'
import { changesOf, propertyOf } from './space.ts'

/** One trial of the search. */
export interface SearchTrial {
  readonly order: number
  readonly configuration: Configuration
  /** At which messages were due; `max`: as many as go. */
  readonly rate: number | 'max'
  readonly state: string
  readonly why: string | null
  readonly messagesPerSecond: number | null
  readonly p99Ms: number | null
}

export interface ConfirmedSetting {
  readonly name: string
  readonly from: Value
  readonly to: Value
  /** The winner against the winner without it; null where the trials for that are missing. */
  readonly verdict: TuneVerdict | null
}

export interface TuneReport {
  readonly goal: Goal
  readonly searched: readonly Dimension[]
  readonly start: Configuration
  /** Of the search; equal to the start where no step was taken. */
  readonly winner: Configuration
  readonly mostTrials: { readonly search: number; readonly fresh: number }
  readonly search: {
    readonly done: boolean
    readonly steps: readonly Step[]
    readonly trials: readonly SearchTrial[]
    /** Latency: the highest rates at which the goal was kept, by the search's optimistic trials. */
    readonly rates: { readonly start: number | null; readonly winner: number | null } | null
  }
  /** On fresh trials; null where there was nothing to confirm, or it did not come to that. */
  readonly confirmation: {
    /** Latency: at which both were measured. */
    readonly rate: number | null
    readonly verdict: TuneVerdict
    readonly settings: readonly ConfirmedSetting[]
  } | null
  /** Whether fresh trials bore the winner out. */
  readonly confirmed: boolean
  /** In words. */
  readonly conclusion: string
  /** The winner's properties of librdkafka that are not as at the start. */
  readonly properties: Readonly<Record<string, Value>>
  /** What else the winner has that is not as at the start, by option of bench. */
  readonly options: Readonly<Record<string, Value>>
  /** The properties as a file, with what each gained; commented out unless confirmed, empty where nothing changed. */
  readonly file: string
}

type Known = Omit<TuneReport, 'confirmed' | 'conclusion' | 'properties' | 'options' | 'file'>

/** Whether a winner holds its rate: in fewer of its fresh trials the rate was the search's luck. */
const HOLDS = 0.75

/** What follows from what was measured. `date`: ISO 8601. */
export function tuneReport(
  known: Known,
  { date, embedded }: { date: string; embedded: boolean },
): TuneReport {
  const changes = changesOf(known.start, known.winner)
  const confirmed = isConfirmed(known)
  const conclusion = conclusionOf(known, changes, confirmed)
  const properties: Record<string, Value> = {}
  const options: Record<string, Value> = {}
  for (const name of changes) {
    const value = known.winner[name] as Value
    const property = propertyOf(name)
    if (property === undefined) options[name] = value
    else properties[property] = value
  }
  const report = { ...known, confirmed, conclusion, properties, options }
  const where = embedded ? ', on an embedded cluster, which is not Kafka' : ''
  const title = `millrace bench --tune ${goalText(known.goal)}, ${date.slice(0, 10)}${where}`
  return { ...report, file: changes.length === 0 ? '' : fileOf(report, title) }
}

function isConfirmed({ goal, confirmation }: Known): boolean {
  if (confirmation?.verdict.kind !== 'faster') return false
  const { kept, pairs } = confirmation.verdict
  return goal.kind === 'throughput' || (kept !== null && kept.winner >= HOLDS * pairs)
}

function conclusionOf(known: Known, changes: readonly string[], confirmed: boolean): string {
  const { goal, search, confirmation } = known
  const trials = `${search.trials.length} ${search.trials.length === 1 ? 'trial' : 'trials'}`
  const found = changes.map(name => `${name} ${known.winner[name]}`).join(', ')
  if (!search.done) {
    const sofar =
      changes.length === 0 ? 'nothing better was found by then' : `best by then: ${found}, not measured again`
    return `The search was cut short after ${trials}; ${sofar}.`
  }
  if (search.trials.every(({ state }) => state === 'void')) {
    return `Nothing could be measured: ${search.trials[0]?.why ?? 'there was no trial'}.`
  }
  if (search.rates?.winner === null && goal.kind === 'latency') {
    return `No configuration kept p99 below ${goal.p99Ms} ms in ${trials}, not even at ${lowest(search.trials)} messages a second.`
  }
  if (changes.length === 0) {
    // the start is what held its place: a rate that it cleared later, as on a broker that had warmed up, is its own
    const at =
      search.rates?.winner == null
        ? ''
        : `, which kept the goal at ${told(search.rates.winner)} messages a second`
    return `Nothing beat the start configuration in ${trials}${at}: leave it as it is.`
  }
  if (confirmation === null) return `The search found ${found}, which was not measured again.`
  const { verdict, rate } = confirmation
  const pairs = `${verdict.pairs} fresh ${verdict.pairs === 1 ? 'pair' : 'pairs'}`
  if (!confirmed) {
    const weak =
      verdict.kind === 'faster'
        ? `though better than the start (${verdict.text}), it did not hold that rate`
        : verdict.text
    const what = rate === null ? '' : ` at ${told(rate)} messages a second`
    return `What the search found (${found}) was not borne out by ${pairs}${what}: ${weak}. Keep the start configuration, or measure more with --repeat.`
  }
  if (rate === null) return `${found}: ${verdict.text} than the start configuration, by ${pairs}.`
  return `${found}: at ${told(rate)} messages a second, p99 below ${goal.kind === 'latency' ? goal.p99Ms : ''} ms: ${verdict.text} for the start configuration, by ${pairs}.`
}

function lowest(trials: readonly SearchTrial[]): string {
  const rates = trials.flatMap(({ rate }) => (rate === 'max' ? [] : [rate]))
  return told(Math.min(...rates))
}

function told(rate: number): string {
  return new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 }).format(rate)
}

/** As `-F` and librdkafka's own users read it: comments stand on lines of their own. */
function fileOf(report: Omit<TuneReport, 'file'>, title: string): string {
  const verdictOf = (name: string) =>
    report.confirmation?.settings.find(setting => setting.name === name)?.verdict?.text ??
    'not measured by itself'
  const changes = changesOf(report.start, report.winner)
  // what was not borne out is not to be used by whoever passes this on
  const off = report.confirmed ? '' : '#'
  const lines = changes.flatMap(name => {
    const property = propertyOf(name)
    const instead = `instead of ${report.start[name]}`
    const gained = `${name} ${instead}: ${verdictOf(name)}`
    return property === undefined
      ? [`# no property, but --${name} ${report.winner[name]}: ${gained}`]
      : [`# ${gained}`, `${off}${property}=${report.winner[name]}`]
  })
  return `${[`# ${title}`, `# ${report.conclusion}`, ...lines].join('\n')}\n`
}
