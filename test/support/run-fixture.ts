import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const config = 'test/support/fixtures/vitest.config.ts'

export interface FixtureRun {
  readonly exitCode: number
  /** What the summary reporter printed: the skips, and the counts as the last line. */
  readonly summary: string[]
}

/** Runs one of the fixtures in a test runner of its own, with these variables over our own. */
export function runFixture(
  name: string,
  env: NodeJS.ProcessEnv = {},
  more: readonly string[] = [],
): Promise<FixtureRun> {
  const args = [vitest, 'run', '--root', root, '--config', config, `${name}.fixture.ts`, ...more]
  const options = { cwd: root, env: { ...process.env, MILLRACE_SUMMARY: '', ...env } }
  return new Promise(resolve => {
    const child = execFile(process.execPath, args, options, (_, stdout) => {
      resolve({ exitCode: child.exitCode ?? -1, summary: stdout.split('\n').filter(Boolean) })
    })
  })
}
