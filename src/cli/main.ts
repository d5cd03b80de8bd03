#!/usr/bin/env node
import { EXIT } from './command.ts'
import { run } from './run.ts'

const signals = ['SIGINT', 'SIGTERM'] as const

// Nobody reads progress any more, or there is no room for it: the work goes on. What went wrong on standard output
// is told at the end; that its reader left, as `head` does, is nothing wrong.
const LEFT = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED']
process.stderr.on('error', () => {})
let broken: NodeJS.ErrnoException | undefined
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (!LEFT.includes(error.code ?? '')) broken ??= error
})

let exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  onSignal(listener) {
    for (const signal of signals) process.on(signal, listener)
    return () => {
      for (const signal of signals) process.off(signal, listener)
    }
  },
})
if (!process.stdout.destroyed) await new Promise<void>(resolve => process.stdout.write('', () => resolve()))
// a failed write is told in a later turn than it was made in
await new Promise(resolve => setImmediate(resolve))
if (broken !== undefined) {
  process.stderr.write(`millrace: standard output cannot be written: ${broken.message}\n`)
  exitCode ||= EXIT.unexpected
}
// what keeps the loop alive now, such as an open standard input, is of no use any more
process.exit(exitCode)
