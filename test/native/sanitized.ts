import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export type Sanitizer = 'address' | 'thread'

const runtimes: Record<Sanitizer, string> = { address: 'libasan.so', thread: 'libtsan.so' }

/** Why nothing can be built with a sanitizer here; undefined where it can. */
export function whyNot(sanitizer: Sanitizer): string | undefined {
  try {
    // the name comes back as it is where there is no such library
    const name = runtimes[sanitizer]
    const path = execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim()
    if (path === name) return `the compiler has no ${name}`
    execFileSync('make', ['--version'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'there is no g++ or make'
  }
}

/** Whether scripts/sanitize has built librdkafka with it. */
export function hasLibrary(sanitizer: Sanitizer): boolean {
  return existsSync(join(root, `.cache/sanitize/${sanitizer}/librdkafka.so.1`))
}

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
}

/** Runs a program to its end. */
export function ended(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise(resolve => {
    const child = execFile(
      file,
      args,
      { cwd: root, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 },
      (_, stdout, stderr) =>
        resolve({ code: child.exitCode, signal: child.signalCode, output: `${stdout}${stderr}` }),
    )
  })
}

/** Builds one of the targets of test/native/Makefile. */
export async function build(sanitizer: Sanitizer, target: 'stress' | 'addon'): Promise<void> {
  const jobs = `-j${cpus().length}`
  const args = ['-f', 'test/native/Makefile', `SANITIZER=${sanitizer}`, jobs, target]
  const { code, output } = await ended('make', args)
  if (code !== 0) throw new Error(`make ${target} with ${sanitizer} failed:\n${output.slice(-2000)}`)
}
