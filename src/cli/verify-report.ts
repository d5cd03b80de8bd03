import { type Outcome, outcomes, type Reason, reasons, type Verdict } from '../load/verify/judge.ts'
import type { Sample } from '../load/verify/sample.ts'
import type { Unchecked, Verification } from '../load/verify/verify.ts'
import { EXIT } from './command.ts'
import { count, duration, size } from './numbers.ts'

export interface VerifyContext {
  readonly sample: Sample | undefined
  readonly signal: 'SIGINT' | 'SIGTERM' | undefined
  /** Receipts that an interruption left. */
  readonly left: readonly string[]
}

interface Sum {
  chunks: number
  records: number
}

type Sums = Readonly<Record<Outcome | 'notSampled' | 'superseded', Sum>>

/** 0 only where every chunk that was to be looked at is present. */
export function verifyExitCode(all: readonly Verification[], { signal }: VerifyContext): number {
  if (signal !== undefined) return EXIT[signal]
  const wrong = all.some(({ verdicts }) => verdicts.some(({ outcome }) => outcome !== 'present'))
  return wrong ? EXIT.incomplete : EXIT.done
}

function sumUp(all: readonly Verification[]): Sums {
  const sum = (): Sum => ({ chunks: 0, records: 0 })
  const sums = {
    present: sum(),
    missing: sum(),
    altered: sum(),
    unverifiable: sum(),
    notSampled: sum(),
    superseded: sum(),
  }
  const add = (to: Sum, { chunks, records }: Sum) => {
    to.chunks += chunks
    to.records += records
  }
  for (const { verdicts, notSampled, claims } of all) {
    for (const { outcome, records } of verdicts) add(sums[outcome], { chunks: 1, records })
    add(sums.notSampled, notSampled)
    for (const { superseded, delivered } of claims.chunks)
      if (superseded) add(sums.superseded, { chunks: 1, records: delivered })
  }
  return sums
}

const problemsOf = ({ verdicts }: Verification) => verdicts.filter(({ outcome }) => outcome !== 'present')

/** More would help nobody, and a receipt of a deleted topic has thousands. */
const MOST_PROBLEMS = 10_000

/** The contract of `verify --json`. */
export function verifyJson(all: readonly Verification[], context: VerifyContext): string {
  const sums = sumUp(all)
  const pick = (what: keyof Sum) =>
    Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum[what]]))
  const problems = all.flatMap(verification =>
    problemsOf(verification).map(verdict => problemJson(verification, verdict)),
  )
  const seconds = all.reduce((sum, one) => sum + one.seconds, 0)
  const recordsRead = all.reduce((sum, { read }) => sum + read.records, 0)
  return JSON.stringify({
    schema: 'millrace.verify/1',
    receipts: all.map(({ claims, unchecked, interrupted }) => ({
      receipt: claims.path,
      loadId: claims.header.loadId,
      embedded: claims.header.embedded,
      chunks: claims.chunks.length,
      damagedLine: claims.damage?.line ?? null,
      unchecked,
      interrupted,
    })),
    notLookedAt: context.left,
    chunks: pick('chunks'),
    records: pick('records'),
    problems: problems.slice(0, MOST_PROBLEMS),
    problemsLeftOut: Math.max(0, problems.length - MOST_PROBLEMS),
    sample: context.sample ?? null,
    notProved: notProved(all, context),
    recordsRead,
    bytes: all.reduce((sum, { read }) => sum + read.bytes, 0),
    seconds,
    recordsPerSecond: perSecond(recordsRead, seconds),
    exitCode: verifyExitCode(all, context),
  })
}

function problemJson({ claims }: Verification, verdict: Verdict): object {
  const { chunk, outcome, reason, records, found, ranges, thin } = verdict
  return {
    receipt: claims.path,
    chunk,
    outcome,
    reason,
    records,
    found,
    ranges: ranges.map(([input, from, to]) => ({
      file: claims.header.inputs[input]?.path ?? null,
      from,
      to,
    })),
    offsets: thin,
  }
}

const perSecond = (records: number, seconds: number) => (seconds === 0 ? 0 : records / seconds)

const MOST_LINES = 20

/** The same for people. */
export function verifySummary(all: readonly Verification[], context: VerifyContext): string {
  const sums = sumUp(all)
  const seconds = all.reduce((sum, one) => sum + one.seconds, 0)
  const read = all.reduce((sum, one) => sum + one.read.records, 0)
  const bytes = all.reduce((sum, one) => sum + one.read.bytes, 0)
  const lines = [
    `${count(sums.present.records)} of ${count(claimed(sums))} records are present; ${count(read)} read, ` +
      `${size(bytes)} in ${duration(seconds)}: ${count(perSecond(read, seconds))} records/s`,
  ]
  for (const outcome of outcomes) {
    const { chunks, records } = sums[outcome]
    if (outcome !== 'present' && chunks > 0)
      lines.push(`  ${count(chunks)} chunks of ${count(records)} records ${WORDS[outcome]}`)
  }
  const { notSampled, superseded } = sums
  if (notSampled.chunks > 0)
    lines.push(`  ${count(notSampled.chunks)} chunks of ${count(notSampled.records)} records not looked at`)
  if (superseded.chunks > 0)
    lines.push(`  ${count(superseded.chunks)} chunks were sent again by a resume; the later ones count`)
  for (const verification of all) lines.push(...receiptLines(verification, all.length > 1))
  for (const receipt of context.left) lines.push(`  Interrupted before ${receipt} was looked at`)
  lines.push('Not proved:', ...notProved(all, context).map(text => `  ${text}`))
  return `${lines.join('\n')}\n`
}

const WORDS: Readonly<Record<Outcome, string>> = {
  present: 'are present',
  missing: 'have records missing',
  altered: 'are altered',
  unverifiable: 'cannot be verified',
}

function claimed(sums: Sums): number {
  return outcomes.reduce((sum, outcome) => sum + sums[outcome].records, 0)
}

function receiptLines(verification: Verification, several: boolean): string[] {
  const { claims, interrupted } = verification
  const problems = problemsOf(verification)
  const lines: string[] = []
  const told = new Set<Reason>()
  for (const verdict of problems.slice(0, MOST_LINES)) {
    const { chunk, outcome, reason, records, found } = verdict
    const counts =
      found === records ? `${count(records)} records` : `${count(found)} of ${count(records)} records found`
    const why = reason === null || told.has(reason) ? (reason ?? '') : reasons[reason]
    if (reason !== null) told.add(reason)
    lines.push(`  chunk ${chunk} ${outcome}, ${counts}: ${why}`)
    lines.push(...placesOf(verification, verdict))
  }
  if (problems.length > MOST_LINES)
    lines.push(`  and ${count(problems.length - MOST_LINES)} more chunks; --json has them`)
  if (claims.damage !== undefined)
    lines.push(`  The receipt is torn at line ${claims.damage.line}; what stood there is not known`)
  if (interrupted) lines.push('  Interrupted: what was not read by then is not verified')
  return several && lines.length > 0 ? [`${claims.path}:`, ...lines] : lines
}

const MOST_PLACES = 4

function placesOf({ claims }: Verification, { ranges, thin, outcome }: Verdict): string[] {
  const files = ranges.map(
    ([input, from, to]) => `${claims.header.inputs[input]?.path ?? `input ${input}`} bytes ${from} to ${to}`,
  )
  const offsets = thin.map(
    ({ topic, partition, first, last, records }) =>
      `${topic} [${partition}] offsets ${first} to ${last}: ${count(records)} of ${count(last - first + 1)}`,
  )
  const cut = (texts: readonly string[]) =>
    texts.length <= MOST_PLACES
      ? texts
      : [...texts.slice(0, MOST_PLACES), `and ${texts.length - MOST_PLACES} more`]
  return [...cut(files), ...(outcome === 'missing' ? cut(offsets) : [])].map(text => `    ${text}`)
}

const UNCHECKED: Readonly<Record<Unchecked, string>> = {
  'cluster-id': 'that this is the cluster which was loaded: its id was not told',
  'topic-id': 'that the topic is the one which was loaded: its id was not told',
  'cleanup-policy': 'whether the topic is compacted: its configuration could not be asked for',
}

function notProved(all: readonly Verification[], { sample }: VerifyContext): string[] {
  const unchecked = new Set(all.flatMap(one => one.unchecked))
  return [
    'that the topic has nothing beside: other records, and second copies of these, were not looked for',
    'that the inputs were loaded whole: the receipt names what was delivered (produce --resume tells what is left)',
    'timestamps, and the order of records within a chunk: its hash is over keys, values and headers in whatever order',
    'that nobody meant to deceive: the hashes (XXH64) tell accidents, not forgeries',
    ...[...unchecked].map(what => UNCHECKED[what]),
    ...(sample === undefined
      ? []
      : [`anything of the chunks left out: ${sample.percent} % were chosen, by --seed ${sample.seed}`]),
  ]
}
