import { deferred } from '../../deferred.ts'
import { nanoseconds } from '../../latency/index.ts'
import { answer, livesWithParent, toSentError } from '../child-side.ts'
import { runTrial } from '../run-trial.ts'
import type { TrialSpec } from '../trial.ts'
import type { PartMessage, PartOrder } from './protocol.ts'

livesWithParent()

const begun = deferred<number>()
const halted = deferred<void>()
const tell = (message: PartMessage) => process.send?.(message)

process.on('message', (order: PartOrder) => {
  if (order.kind === 'run') void run(order.spec, order.index)
  else if (order.kind === 'halt') halted.resolve()
  // performance.now() begins with each process
  else begun.resolve(order.at - nanoseconds(0) / 1e6)
})

async function run(spec: TrialSpec, index: number): Promise<void> {
  try {
    const company = {
      index,
      of: spec.cell.processes,
      begin() {
        tell({ kind: 'warm' })
        return begun.promise
      },
      halt: () => tell({ kind: 'halted' }),
      halted: halted.promise,
    }
    const result = await runTrial(spec, { company })
    answer({ kind: 'result', result } satisfies PartMessage)
  } catch (error) {
    answer({ kind: 'error', error: toSentError(error) } satisfies PartMessage)
  }
}
