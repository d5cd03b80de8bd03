import type { AnalysedReport } from '../bench/analysis.ts'
import { Charts } from '../bench/html/charts.ts'
import { renderPage } from '../bench/html/page.ts'
import { OutputFile, realPath } from '../bench/output-file.ts'
import type { BenchReport } from '../bench/report.ts'
import { MillraceError } from '../errors.ts'
import { type Given, single } from './numbers.ts'

/** Where results are to be written, and what they must not replace. */
export interface FileArguments {
  output?: Given
  report?: Given
  compare?: Given
  'payload-file'?: Given
  config?: Given
}

export const fileOptions = {
  output: { type: 'string', requiresArg: true, describe: 'FILE.json: results as they come' },
  report: { type: 'string', requiresArg: true, describe: 'FILE.html: one page with charts, at the end' },
} as const

/** What a run reads; an output over it would destroy it. */
const inputs = ['compare', 'payload-file', 'config'] as const

/** The files that results go to. */
export class BenchFiles {
  readonly #output: OutputFile | undefined
  readonly #page: OutputFile | undefined
  readonly #warn: (text: string) => void
  #warned = false

  private constructor(
    output: OutputFile | undefined,
    page: OutputFile | undefined,
    warn: (text: string) => void,
  ) {
    this.#output = output
    this.#page = page
    this.#warn = warn
  }

  /**
   * Checks that they can be written, and that none is another one or a file that is read.
   * @throws MillraceError USAGE naming the option
   */
  static async open(args: FileArguments, warn: (text: string) => void): Promise<BenchFiles> {
    const output = single('output', args.output)
    const page = single('report', args.report)
    const files = {
      output: output === undefined ? undefined : new OutputFile(output, 'output'),
      page: page === undefined ? undefined : new OutputFile(page, 'report'),
    }
    const named = [
      ...inputs.map(option => [option, single(option, args[option])] as const),
      ['output', output] as const,
      ['report', page] as const,
    ]
    if (output !== undefined) checkApart('output', output, named)
    if (page !== undefined) checkApart('report', page, named)
    if (page !== undefined) await Charts.load()
    return new BenchFiles(files.output, files.page, warn)
  }

  /** What there is so far. That it cannot be written is told once: it may be at the end, and measuring goes on. */
  update(report: BenchReport): void {
    try {
      this.#output?.update(jsonOf(report))
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      if (!this.#warned) this.#warn(`${error.message}. It is tried again`)
      this.#warned = true
    }
  }

  /**
   * The results. Waits for the readers of FIFOs, until `signal`. `failedCode`: the exit code where something cannot be
   * written.
   * @returns the exit code, and what could not be
   */
  async finish(
    report: AnalysedReport,
    failedCode: () => number,
    signal: AbortSignal,
  ): Promise<{ exitCode: number; failures: readonly MillraceError[] }> {
    const failures: MillraceError[] = []
    const tried = async (write: () => Promise<void> | undefined) => {
      try {
        await write()
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error
        failures.push(error)
      }
    }
    const exitCode = () => (failures.length === 0 ? report.exitCode : failedCode())
    const page = this.#page === undefined ? '' : await renderPage(report)
    await tried(() => this.#page?.finish(page, signal))
    const json = jsonOf({ ...report, exitCode: exitCode() })
    await tried(() => this.#output?.finish(json, signal))
    return { exitCode: exitCode(), failures }
  }
}

function jsonOf(report: BenchReport): string {
  return `${JSON.stringify(report, null, 2)}\n`
}

/** However they are spelled, and through links. */
function checkApart(
  option: 'output' | 'report',
  path: string,
  named: readonly (readonly [string, string | undefined])[],
): void {
  for (const [other, otherPath] of named) {
    if (other === option || otherPath === undefined || realPath(otherPath) !== realPath(path)) continue
    const shown = otherPath === path ? path : `${path}, which is ${otherPath}`
    throw new MillraceError('USAGE', `--${option} and --${other} are both ${shown}`, {
      hint: 'Give two files',
    })
  }
}
