import type { SentError } from '../child-side.ts'
import type { TrialResult, TrialSpec } from '../trial.ts'

/** What the process of a trial tells one of its parts. `begin`: when the window does, on the monotonic clock in ms. */
export type PartOrder =
  | { readonly kind: 'run'; readonly spec: TrialSpec; readonly index: number }
  | { readonly kind: 'begin'; readonly at: number }
  | { readonly kind: 'halt' }

/** What a part tells. `warm`: acknowledgements come. `halted`: a failure stopped its offering. */
export type PartMessage =
  | { readonly kind: 'warm' }
  | { readonly kind: 'halted' }
  | { readonly kind: 'result'; readonly result: TrialResult }
  | { readonly kind: 'error'; readonly error: SentError }
