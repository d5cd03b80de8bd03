import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node'
import './skip-reason.ts'

export interface Summary {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** One line a suite (or a lone test) that was skipped, and why. */
  readonly skips: readonly string[]
}

/**
 * Counts what the runner reports. Beside failed tests, these count as one failure each: a file or suite whose
 * own code or hooks failed, a test that never ended, an error outside of any test. `byName`: only tests of some
 * name were asked for, and the others need no reason.
 */
export function summarize(
  modules: readonly TestModule[],
  unhandled: readonly SerializedError[],
  byName: boolean,
): Summary {
  let passed = 0
  let failed = unhandled.length
  let skipped = 0
  const skips = new Map<string, number>()
  for (const module of modules) {
    const suites = [...module.children.allSuites()].filter(suite => suite.errors().length > 0)
    failed += suites.length + (module.errors().length > 0 ? 1 : 0)
    for (const test of module.children.allTests()) {
      const result = test.result()
      if (result.state === 'passed') passed++
      else if (result.state === 'skipped') {
        skipped++
        const line = skipLine(test, result.note, byName)
        skips.set(line, (skips.get(line) ?? 0) + 1)
      } else failed++
    }
  }
  const lines = [...skips].map(([line, tests]) => (tests > 1 ? `${line} (${tests} tests)` : line))
  return { passed, failed, skipped, skips: lines }
}

/** The outermost suite that tells a reason stands for all of its tests. */
function skipLine(test: TestCase, note: string | undefined, byName: boolean): string {
  let [name, reason] = [test.fullName, note ?? test.meta().skipReason]
  for (let at: TestSuite | TestModule = test.parent; at.type === 'suite'; at = at.parent) {
    const told = at.meta().skipReason
    if (told !== undefined) [name, reason] = [at.fullName, told]
  }
  reason ??= hookFailure(test)
  if (reason === undefined && byName) return 'skipped: what -t leaves out'
  return `skipped: ${name} — ${reason ?? 'no reason given'}`
}

/** The runner skips the tests of a suite whose `beforeAll` failed. */
function hookFailure(test: TestCase): string | undefined {
  for (let at: TestSuite | TestModule = test.parent; ; at = at.parent) {
    if (at.errors().length > 0)
      return `${at.type === 'suite' ? at.fullName : at.relativeModuleId} failed before it`
    if (at.type === 'module') return undefined
  }
}

/**
 * Prints what was skipped and why, and the counts as the last line; with $MILLRACE_SUMMARY set they go into that file
 * instead, for a script that has more to say before.
 */
export default class SummaryReporter implements Reporter {
  #byName = false

  onInit(vitest: Vitest): void {
    this.#byName = vitest.config.testNamePattern !== undefined
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const { passed, failed, skipped, skips } = summarize(modules, unhandled, this.#byName)
    const lines = [...skips, `${passed} passed, ${failed} failed, ${skipped} skipped`]
    const file = process.env.MILLRACE_SUMMARY
    if (file) writeFileSync(file, `${lines.join('\n')}\n`)
    else console.log(['', ...lines].join('\n'))
  }
}
