// librdkafka's own measuring program: `adapter.ts PROGRAM VERSION`.
import { readFileSync } from 'node:fs'
import { cpuSecondsOf } from '../adapters/cpu.ts'
import { messagesFor, startProgram } from '../adapters/program.ts'
import { type Say, speak } from '../node/speak.ts'
import { batchesOf } from '../node/statistics.ts'
import { monotonicMs, type Task } from '../protocol.ts'
import { rowsOf, windowOf } from './table.ts'

const [path = '', client = ''] = process.argv.slice(2)
const FIRST_RATE = 1_500_000
/** Between two rows of its table; it has librdkafka make statistics as often. */
const ROW_MS = 250
const LOOK_MS = 50

/**
 * It knows no window of time: it gets as many messages as take about so long, and its rate is taken from the rows of its
 * own table. It sends one payload, again and again.
 * @throws Error when it did not end well
 */
async function measure(task: Task, say: Say): Promise<void> {
  const { brokers, topic, messageSize, payloadFile, properties, warmupSeconds } = task
  const messages = messagesFor(task, FIRST_RATE, warmupSeconds)
  const [payload = ''] = readFileSync(payloadFile, 'latin1').split('\n', 1)
  const set = Object.entries(properties).flatMap(([name, value]) => ['-X', `${name}=${value}`])
  await say('ready')
  await say('start')
  const startAt = monotonicMs()
  const { child, ended } = startProgram(path, [
    ...['-P', '-u', '-b', brokers, '-t', topic, '-i', String(ROW_MS), '-T', String(ROW_MS), ...set],
    ...['-s', String(messageSize), '-m', payload, '-c', String(messages)],
  ])
  // of its whole life: what was counted last before it went
  let cpuSeconds = cpuSecondsOf(child.pid)
  const looking = setInterval(() => {
    cpuSeconds = cpuSecondsOf(child.pid) ?? cpuSeconds
  }, LOOK_MS)
  const output = await ended.finally(() => clearInterval(looking))
  await say('last acknowledgement')
  const rows = rowsOf(output)
  const last = rows.at(-1)
  if (last === undefined) throw new Error(`it gave no result: ${output.slice(-500)}`)
  const within = windowOf(rows, messages, warmupSeconds)
  const share = (delivered: number) =>
    cpuSeconds === null ? null : (cpuSeconds * delivered) / last.delivered
  await say('result', {
    offered: messages,
    delivered: last.delivered,
    failed: messages - last.delivered,
    window:
      within === 'too soon'
        ? within
        : {
            from: startAt + within.from,
            to: startAt + within.to,
            delivered: within.delivered,
            cpuSeconds: share(within.delivered),
          },
    batches: batchesIn(output),
    client,
  })
}

/** Of the last statistics that it prints between the rows. */
function batchesIn(output: string) {
  const line = output.split('\n').findLast(line => line.startsWith('{ "name"') && line.endsWith('}'))
  return line === undefined ? null : batchesOf(JSON.parse(line))
}

await speak(measure)
