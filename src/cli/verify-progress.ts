import { SingleBar } from 'cli-progress'
import type { VerifyProgress } from '../load/verify/verify.ts'
import type { Io } from './command.ts'
import { count } from './numbers.ts'

const LINE_MS = 10_000

export interface VerifyDisplay {
  show(progress: VerifyProgress): void
  stop(): void
}

/** Shows how a reading gets on: a bar on a terminal, a plain line every ten seconds elsewhere. */
export function showVerifyProgress(io: Io): VerifyDisplay {
  const since = performance.now()
  const figures = ({ records, expected }: VerifyProgress) => {
    const seconds = (performance.now() - since) / 1000
    return `${count(records)} of ${count(expected)} records  ${count(records / Math.max(seconds, 0.001))} records/s`
  }
  return io.stderr.isTTY === true ? bar(io, figures) : lines(io, figures)
}

function bar(io: Io, figures: (progress: VerifyProgress) => string): VerifyDisplay {
  const single = new SingleBar({
    stream: io.stderr as NodeJS.WritableStream,
    format: '{bar} {percentage}%  {figures}',
    barsize: 20,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    linewrap: false,
    clearOnComplete: true,
    autopadding: false,
  })
  single.start(1, 0, { figures: '' })
  return {
    show(progress) {
      single.setTotal(Math.max(1, progress.expected))
      single.update(Math.min(progress.records, progress.expected), { figures: figures(progress) })
    },
    stop() {
      single.stop()
      io.stderr.write('\r\x1b[K')
    },
  }
}

function lines(io: Io, figures: (progress: VerifyProgress) => string): VerifyDisplay {
  let told = performance.now()
  return {
    show(progress) {
      if (performance.now() - told < LINE_MS) return
      told = performance.now()
      io.stderr.write(`${figures(progress)}\n`)
    },
    stop() {},
  }
}
