// A program that reads its messages from standard input, a line each, and ends when all are acknowledged:
// `whole.ts CLIENT PROGRAM ARGUMENT…`, where @brokers, @topic and @properties stand for what the task says.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Say, speak } from '../node/speak.ts'
import type { Task } from '../protocol.ts'
import { messagesFor, startProgram } from './program.ts'

const [client = '', path = '', ...given] = process.argv.slice(2)
const FIRST_RATE = 1_000_000
/** What a disk of a few GB has room for, and its cache. */
const MOST_BYTES = 400 * 1024 * 1024

/**
 * Measured from its start to its end, with all that it takes to be there and to go.
 * @throws Error when it did not end well
 */
async function measure(task: Task, say: Say): Promise<void> {
  const { messageSize, payloadFile } = task
  const most = Math.floor(MOST_BYTES / (messageSize + 1))
  const messages = Math.min(most, messagesFor(task, FIRST_RATE, 0))
  const folder = mkdtempSync(join(tmpdir(), 'millrace-lines-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const lines = writeLines(join(folder, 'lines'), readFileSync(payloadFile), messages, messageSize)
  const input = openSync(lines, 'r')
  await say('ready')
  await say('start')
  await startProgram(
    path,
    given.flatMap(argument => filled(argument, task)),
    input,
  ).ended
  await say('last acknowledgement')
  closeSync(input)
  // it ends well when every line was acknowledged; whether all arrived is for the end offsets to tell
  const counts = { offered: messages, delivered: messages, failed: 0 }
  await say('result', { ...counts, window: null, batches: null, client })
}

function filled(argument: string, { brokers, topic, properties }: Task): string[] {
  if (argument === '@brokers') return [brokers]
  if (argument === '@topic') return [topic]
  if (argument !== '@properties') return [argument]
  return Object.entries(properties).flatMap(([name, value]) => ['-X', `${name}=${value}`])
}

/** The payloads round and round, a line each. */
function writeLines(path: string, payloads: Buffer, messages: number, messageSize: number): string {
  const file = openSync(path, 'w')
  const round = Buffer.concat([payloads, Buffer.from('\n')])
  for (let left = messages * (messageSize + 1); left > 0; left -= round.length) {
    writeSync(file, round.subarray(0, left))
  }
  closeSync(file)
  return path
}

await speak(measure)
