import { answer, livesWithParent, toSentError } from './child-side.ts'
import { runTogether } from './processes/together.ts'
import { runTrial } from './run-trial.ts'
import type { Progress, TrialSpec } from './trial.ts'

const onProgress = (progress: Progress) => process.send?.({ progress })

livesWithParent()
process.once('message', async (spec: TrialSpec) => {
  try {
    answer({ result: await (spec.cell.processes > 1 ? runTogether(spec) : runTrial(spec, { onProgress })) })
  } catch (error) {
    answer({ error: toSentError(error) })
  }
})
