#!/usr/bin/env node
import { run } from './run.ts'

const signals = ['SIGINT', 'SIGTERM'] as const

// a reader that left, as `head` does, is no error
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

process.exitCode = await run(process.argv.slice(2), {
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
// what keeps the loop alive now, such as an open standard input, is of no use any more
await new Promise<void>(resolve => process.stdout.write('', () => resolve()))
process.exit()
