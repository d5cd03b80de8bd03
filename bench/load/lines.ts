import { defaultSettings, librdkafkaProperties } from '../peers/settings.ts'
import { claims, ndjsonGoal } from './claims.ts'
import type { InputSpec } from './inputs.ts'
import {
  cpu,
  cpuRatio,
  type Line,
  outcomeOf,
  ownRate,
  peakRss,
  rate,
  rateRatio,
  type Subject,
  time,
  timeRatio,
} from './line.ts'

const MILLION = 1_000_000
/** Some 96 bytes each. */
const lines: InputSpec = { kind: 'lines', size: { records: 3 * MILLION } }

/** Every line there is, in the order of the table. */
export const allLines: readonly Line[] = [
  linesVsKcat(),
  gzipVsKcat(),
  ndjsonInTwoThreads(),
  csvToJson(),
  smallFiles(),
  peakRssBySize(),
]

/** millrace as it comes: what has to be equal is its default. */
function produce(...options: string[]): string[] {
  return ['@millrace', 'produce', '-b', '@brokers', '-t', '@topic', '--json', ...options]
}

/** With millrace's settings, by kcat's names. */
function kcat(): string[] {
  const settings = Object.entries(librdkafkaProperties(defaultSettings))
  return ['@kcat', '-P', '-b', '@brokers', '-t', '@topic', ...settings.flatMap(set => ['-X', set.join('=')])]
}

function linesVsKcat(): Line {
  return {
    name: 'lines-vs-kcat',
    title: '3 M lines of a file, with a receipt, beside kcat -l',
    inputs: { lines },
    subjects: {
      millrace: { input: 'lines', command: [...produce(), '@input'] },
      kcat: { input: 'lines', command: [...kcat(), '-l', '@input'] },
    },
    measures: [
      rateRatio('millrace', 'kcat', claims.linesToKcat),
      cpuRatio('millrace', 'kcat', claims.linesCpuToKcat),
      ...ofBoth(),
    ],
  }
}

function gzipVsKcat(): Line {
  return {
    name: 'gzip-vs-kcat',
    title: '3 M lines of a packed file, with a receipt, beside zcat | kcat',
    inputs: { packed: { ...lines, packed: 'gzip' } },
    subjects: {
      millrace: { input: 'packed', command: [...produce(), '@input'] },
      kcat: { input: 'packed', command: ['sh', '-c', 'zcat "$0" | "$@"', '@input', ...kcat()] },
    },
    measures: [rateRatio('millrace', 'kcat', claims.gzipToKcat), cpuRatio('millrace', 'kcat'), ...ofBoth()],
  }
}

function ofBoth() {
  return [rate('millrace'), ownRate('millrace'), rate('kcat'), cpu('millrace'), cpu('kcat')]
}

function ndjsonInTwoThreads(): Line {
  return {
    name: 'ndjson-2-threads',
    title: '10 M records of ndjson, keys of a field, two threads, beside 3 M plain lines',
    inputs: { ndjson: { kind: 'ndjson', size: { records: 10 * MILLION } }, lines },
    subjects: {
      ndjson: { input: 'ndjson', command: [...produce('--key-field', 'id', '--threads', '2'), '@input'] },
      lines: { input: 'lines', command: [...produce(), '@input'] },
    },
    measures: [
      {
        what: 'rate of ndjson / (1 M/s, or 0.6 of lines)',
        unit: 'times',
        claim: claims.ndjson,
        of(round) {
          const goal = ndjsonGoal(outcomeOf(round, 'lines').recordsPerSecond)
          return outcomeOf(round, 'ndjson').recordsPerSecond / goal
        },
      },
      rateRatio('ndjson', 'lines'),
      rate('ndjson'),
      ownRate('ndjson'),
      rate('lines'),
      cpu('ndjson'),
      cpu('lines'),
    ],
  }
}

function csvToJson(): Line {
  return {
    name: 'csv-json',
    title: 'csv to JSON values, keys of a column, one thread',
    inputs: { csv: { kind: 'csv', size: { records: 2 * MILLION } } },
    subjects: {
      csv: { input: 'csv', command: [...produce('--csv-values', 'json', '--key-field', 'id'), '@input'] },
    },
    measures: [rate('csv', claims.csv), ownRate('csv'), cpu('csv')],
  }
}

function smallFiles(): Line {
  const size = { records: MILLION }
  return {
    name: 'small-files',
    title: '10,000 files of 100 lines, beside one file of the same bytes',
    inputs: { small: { kind: 'lines', size, files: 10_000 }, one: { kind: 'lines', size } },
    subjects: {
      'small files': { input: 'small', command: [...produce(), '@input'] },
      'one file': { input: 'one', command: [...produce(), '@input'] },
    },
    measures: [
      timeRatio('small files', 'one file', claims.smallFiles),
      time('small files'),
      time('one file'),
      cpu('small files'),
      cpu('one file'),
    ],
  }
}

/** The same files read as lines and as what they are. Standard input is a pipe, which only the main thread reads. */
function peakRssBySize(): Line {
  const sizes = { '10 MB': 10e6, '300 MB': 300e6, '1.5 GB': 1.5e9 }
  const formats = { lines: ['--format', 'lines'], ndjson: ['--format', 'ndjson', '--key-field', 'id'] }
  const threads = { '1 thread': [], '2 threads': ['--threads', '2'] }
  const fromPipe = ['bash', '-c', 'exec "$@" < <(cat "$0")', '@input']
  const subjects: Record<string, Subject> = {}
  for (const size of Object.keys(sizes)) {
    for (const [format, asFormat] of Object.entries(formats)) {
      for (const [many, inThreads] of Object.entries(threads)) {
        const command = [...produce(...asFormat, ...inThreads), '@input']
        subjects[`${format}, ${size}, ${many}`] = { input: size, command, watchMemory: true }
      }
    }
  }
  // what grows slowly shows here only
  for (const [format, asFormat] of Object.entries(formats)) {
    const command = [...produce(...asFormat, ...threads['2 threads']), '@input']
    subjects[`${format}, 6 GB, 2 threads`] = { input: '6 GB', command, watchMemory: true }
  }
  for (const [format, asFormat] of Object.entries(formats)) {
    const command = [...fromPipe, ...produce(...asFormat), '-']
    subjects[`${format}, 1.5 GB, stdin`] = { input: '1.5 GB', command, watchMemory: true }
  }
  return {
    name: 'rss',
    title: 'greatest resident memory, by size of the input',
    inputs: {
      ...Object.fromEntries(
        Object.entries(sizes).map(([name, bytes]) => [name, { kind: 'ndjson', size: { bytes } } as const]),
      ),
      '6 GB': { kind: 'ndjson', size: { bytes: 1.5e9 }, times: 4 },
    },
    subjects,
    measures: Object.keys(subjects).map(name => peakRss(name, claims.peakRss)),
    mostRounds: 3,
  }
}
