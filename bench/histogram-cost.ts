// What the latency histogram costs a message: see README.md.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { seeded } from '../src/bench/random.ts'
import { summarize } from '../src/bench/statistics.ts'
import { encode, Histogram } from '../src/latency/index.ts'
import { numericFlags, record, shown } from './support/results.ts'

const flags = numericFlags({ rounds: 9, values: 5_000_000 })
/** Nanoseconds that a record may cost at most. */
const MOST = 15

interface Cost {
  readonly variant: string
  /** Null where it could not be measured undisturbed. */
  readonly nanoseconds: number | null
}

const sources = fileURLToPath(new URL('./native/', import.meta.url))
const compiler = process.env.CXX ?? 'g++'
// as in binding.gyp
const compilerFlags = ['-std=c++17', '-O2', '-Wall', '-Wextra', '-fPIC', '-pthread']

/** Compiles the program into a folder. */
function compile(folder: string): string {
  const library = join(folder, 'libhistogram-cost.so')
  const program = join(folder, 'histogram-cost')
  const run = (...args: string[]) => execFileSync(compiler, [...compilerFlags, ...args], { stdio: 'inherit' })
  run('-shared', `${sources}histogram.cc`, '-o', library)
  run(`${sources}main.cc`, library, `-Wl,-rpath,${folder}`, '-o', program)
  return program
}

function costs(program: string, ...variants: string[]): Cost[] {
  const lines = execFileSync(program, [String(flags.values), ...variants], { encoding: 'utf8' })
    .trim()
    .split('\n')
  return lines.map(line => JSON.parse(line) as Cost)
}

/** Numbers from 0 to 1. */
function uniform(seed: number): () => number {
  const random = seeded(seed)
  return () => random() / 2 ** 32
}

/** Nanoseconds of a record in TypeScript, as the callback engine does it. */
function costInTypeScript(): Cost {
  const random = uniform(1)
  const values = Float64Array.from({ length: 1 << 15 }, () => 5e6 * Math.exp(2 * random() - 1))
  const histogram = new Histogram()
  const start = process.hrtime.bigint()
  for (let i = 0; i < flags.values; i++) histogram.record(values[i & (values.length - 1)] as number)
  const took = Number(process.hrtime.bigint() - start)
  if (histogram.count !== flags.values) throw new Error(`${histogram.count} values were counted`)
  return { variant: 'in TypeScript', nanoseconds: took / flags.values }
}

/** Characters of the text of latencies that span three orders of magnitude. */
function sizeOfText(): number {
  const random = uniform(2)
  const histogram = new Histogram()
  for (let i = 0; i < 1_000_000; i++) {
    const bell = random() + random() + random() + random() + random() + random() - 3
    histogram.record(5e6 * Math.exp(1.1 * bell))
  }
  return encode(histogram).length
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-histogram-'))
const found = new Map<string, number[]>()
try {
  const program = compile(folder)
  const variants = costs(program).map(({ variant }) => variant)
  costInTypeScript()
  for (let round = 0; round < flags.rounds; round++) {
    // a process for each, in an order that alternates
    const order = round % 2 === 0 ? variants : variants.toReversed()
    for (const { variant, nanoseconds } of [
      ...order.flatMap(name => costs(program, name)),
      costInTypeScript(),
    ])
      found.set(variant, [...(found.get(variant) ?? []), ...(nanoseconds === null ? [] : [nanoseconds])])
    console.log(`round ${round + 1} of ${flags.rounds}`)
  }
} finally {
  rmSync(folder, { recursive: true })
}

const rows = [...found].map(([variant, values]) => ({ variant, nanoseconds: summarize(values) }))
for (const { variant, nanoseconds } of rows)
  console.log(nanoseconds === null ? `${variant}: never undisturbed` : `${variant}: ${shown(nanoseconds)} ns`)
const dearest = Math.max(
  ...rows
    .filter(({ variant }) => variant.startsWith('record'))
    .map(({ nanoseconds }) => nanoseconds?.median ?? Number.NaN),
)
console.log(
  `A record costs at most ${dearest.toFixed(1)} ns: ${dearest <= MOST ? 'within' : 'beyond'} the ${MOST} ns it may`,
)
const encodedCharacters = sizeOfText()
console.log(`A million latencies around 5 ms are a text of ${encodedCharacters} characters`)
record('histogram-cost', {
  flags,
  compiler: [compiler, ...compilerFlags],
  most: MOST,
  dearest,
  encodedCharacters,
  rows,
})
