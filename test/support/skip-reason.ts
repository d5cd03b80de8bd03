declare module 'vitest' {
  interface TaskMeta {
    /** Why a suite or test is skipped; the summary reporter prints it. */
    skipReason?: string
  }
}

/**
 * Options for `describe` or `test` that skip it and tell why:
 * `describe('…', skipBecause('no Docker engine'), () => { … })`. Inside a test, `ctx.skip(note)` does the same.
 */
export function skipBecause(reason: string): { skip: true; meta: { skipReason: string } } {
  return { skip: true, meta: { skipReason: reason } }
}
