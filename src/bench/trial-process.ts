import { answer, livesWithParent, toSentError } from './child-side.ts'
import { runTogether } from './processes/together.ts'
import { runTrial } from './run-trial.ts'
import type { TrialSpec } from './trial.ts'

livesWithParent()
process.once('message', async (spec: TrialSpec) => {
  try {
    answer({ result: await (spec.cell.processes > 1 ? runTogether(spec) : runTrial(spec)) })
  } catch (error) {
    answer({ error: toSentError(error) })
  }
})
