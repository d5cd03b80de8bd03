import { answer, livesWithParent, toSentError } from './child-side.ts'
import { runTrial } from './run-trial.ts'
import type { TrialSpec } from './trial.ts'

livesWithParent()
process.once('message', async (spec: TrialSpec) => {
  try {
    answer({ result: await runTrial(spec, progress => process.send?.({ progress })) })
  } catch (error) {
    answer({ error: toSentError(error) })
  }
})
