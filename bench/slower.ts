// Whether `millrace bench --against --fail-if-slower` finds a build that is slower by a tenth: see README.md.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnalysedReport } from '../src/bench/analysis.ts'
import { livesNoLonger } from './peers/adapters/lives-no-longer.ts'
import { median, numericFlags, record } from './support/results.ts'
import { copyInstallation, SPIN } from './support/slowed.ts'

const flags = numericFlags({ pairs: 40, seconds: 2, pilot: 5, percent: 10, limit: 5 })

/** One promise a message keeps the event loop at work all the time, so that work added to it is time added. */
const CELL = ['--api', 'send', '--duration', String(flags.seconds), '--warmup', '0.5']
const CALIBRATION_ROUNDS = 50_000_000

const folder = mkdtempSync(join(tmpdir(), 'millrace-slower-'))
try {
  const built = copyInstallation(join(folder, 'built'), 0)
  const pilot = await bench(built, ['--repeat', String(flags.pilot)])
  const trials = pilot.report.cells[0]?.trials ?? []
  const valid = trials.flatMap(trial => (trial.state === 'valid' ? [trial] : []))
  if (valid.length === 0) throw new Error('no trial of the pilot is valid')
  const nsPerMessage = 1e9 / median(valid.map(({ messagesPerSecond }) => messagesPerSecond))
  const loopBusy = median(valid.map(({ busy }) => busy.loop))
  // a rate that is to be 90 % of what it was wants a ninth more time a message
  const busyNs = (nsPerMessage * flags.percent) / (100 - flags.percent)
  const nsPerRound = await calibrate()
  const rounds = Math.round(busyNs / nsPerRound)
  console.log(
    `${Math.round(nsPerMessage)} ns a message, event loop ${Math.round(loopBusy * 100)} % at work; slowed by ${Math.round(busyNs)} ns, ${rounds} rounds`,
  )
  const slowed = copyInstallation(join(folder, 'slowed'), rounds)
  const same = copyInstallation(join(folder, 'same'), 0)

  const check = ['--repeat', String(flags.pairs), '--against', built, '--fail-if-slower', String(flags.limit)]
  console.log(`\nthe slowed copy against the build, ${flags.pairs} pairs:`)
  const found = outcomeOf(await bench(slowed, check))
  console.log(`${found.text}; exit code ${found.exitCode}`)
  console.log(`\nan equal copy against the build, ${flags.pairs} pairs:`)
  const control = outcomeOf(await bench(same, check))
  console.log(`${control.text}; exit code ${control.exitCode}`)

  const holds = found.exitCode === 3 && found.kind === 'slower' && control.exitCode === 0
  console.log(
    holds
      ? `\nfound: the copy slowed by ${flags.percent} % fails the check, the equal one passes`
      : '\nNOT FOUND: the check does not tell them apart',
  )
  record('slower', {
    flags,
    cell: CELL,
    nsPerMessage,
    loopBusy,
    busyNs,
    nsPerRound,
    rounds,
    holds,
    found,
    control,
  })
  if (!holds) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

interface Ended {
  readonly exitCode: number
  readonly report: AnalysedReport
}

/** `millrace bench` of an installation, to its end. */
async function bench(installation: string, args: readonly string[]): Promise<Ended> {
  const main = join(installation, 'dist', 'cli', 'main.js')
  const child = spawn(process.execPath, [main, 'bench', ...CELL, ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const forget = livesNoLonger(child)
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  const [exitCode] = await once(child, 'close')
  forget()
  const report = JSON.parse(text || '{}') as Partial<AnalysedReport>
  if (report.cells === undefined) throw new Error(`millrace bench ended with ${exitCode}: ${text}`)
  return { exitCode, report: report as AnalysedReport }
}

/** What of a check is recorded. */
function outcomeOf({ exitCode, report: { cells, against, slower } }: Ended) {
  const [verdict] = against?.verdicts ?? []
  const rates = (trials: AnalysedReport['cells'][number]['trials'] | undefined) =>
    (trials ?? []).map(({ messagesPerSecond, state }) =>
      state === 'valid' ? Math.round(messagesPerSecond ?? 0) : state,
    )
  return {
    exitCode,
    kind: verdict?.kind ?? 'none',
    text: verdict?.text ?? 'no verdict',
    pairs: verdict?.pairs ?? 0,
    ratio: verdict?.ratio ?? null,
    p: verdict?.p ?? null,
    slower: slower?.cells ?? [],
    messagesPerSecond: { this: rates(cells[0]?.trials), other: rates(against?.cells[0]?.trials) },
  }
}

/** Nanoseconds a round of busy work takes, at best of three, once it is compiled. */
async function calibrate(): Promise<number> {
  const module = (await import(`data:text/javascript,${encodeURIComponent(SPIN)}`)) as {
    spin(rounds: number): void
  }
  let best = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 4; attempt++) {
    const startedAt = performance.now()
    module.spin(CALIBRATION_ROUNDS)
    best = Math.min(best, ((performance.now() - startedAt) * 1e6) / CALIBRATION_ROUNDS)
    await sleep(10)
  }
  return best
}
