import { Console } from 'node:console'
import { createInterface } from 'node:readline'
import { monotonicMs, type Result, type Said, type Task } from '../protocol.ts'

// standard output is the protocol's; clients that log write elsewhere
globalThis.console = new Console(process.stderr)

/** A program of ours that keeps to the protocol: does the task, tells of errors, and ends with its standard input. */
export async function speak(perform: (task: Task, say: Say) => Promise<void>): Promise<void> {
  const task = await firstTask()
  try {
    await perform(task, say)
  } catch (error) {
    await say('error', { error: error instanceof Error ? error.message : String(error) })
    process.exit(1)
  }
  process.exit(0)
}

/** The task. From now on this process ends with its standard input; Ctrl-C on a terminal is its parent's. */
export function firstTask(): Promise<Task> {
  process.on('SIGINT', () => {})
  const lines = createInterface({ input: process.stdin })
  lines.once('close', () => process.exit(1))
  return new Promise(resolve => lines.once('line', line => resolve(JSON.parse(line) as Task)))
}

export type Say = typeof say

function say(event: 'ready' | 'start' | 'last acknowledgement'): Promise<void>
function say(event: 'result', result: Result): Promise<void>
function say(event: 'error', error: { error: string }): Promise<void>
function say(event: Said['event'], more: object = {}): Promise<void> {
  const line = `${JSON.stringify({ event, at: monotonicMs(), ...more })}\n`
  return new Promise(resolve => process.stdout.write(line, () => resolve()))
}
