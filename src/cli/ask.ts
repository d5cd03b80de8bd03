import { createInterface } from 'node:readline'
import type { Io } from './command.ts'

/**
 * Asks whether to go on, where somebody is there to answer: on a terminal. Elsewhere it goes on.
 * Resolves with false for anything but a yes, Ctrl-C, the end of input and an aborted signal included.
 */
export function askToGoOn(question: string, { stdin, stderr }: Io, signal?: AbortSignal): Promise<boolean> {
  if (stdin.isTTY !== true || stderr.isTTY !== true) return Promise.resolve(true)
  const lines = createInterface({ input: stdin, output: stderr })
  return new Promise(resolve => {
    const answered = (yes: boolean) => {
      resolve(yes)
      lines.close()
    }
    lines.once('SIGINT', () => {
      // what follows is to begin on a line of its own
      stderr.write('\n')
      answered(false)
    })
    lines.once('close', () => resolve(false))
    if (signal?.aborted) answered(false)
    signal?.addEventListener('abort', () => answered(false), { once: true })
    lines.question(`${question} [y/N] `, text => answered(/^y(es)?$/i.test(text.trim())))
  })
}
