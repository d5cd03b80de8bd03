import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Runs a program to its end. Rejects with the last line it wrote when it fails or takes longer than `timeoutMs`. */
export async function run(program: string, args: readonly string[], timeoutMs: number): Promise<string> {
  try {
    const { stdout } = await execute(program, args, { timeout: timeoutMs, maxBuffer: 1 << 24 })
    return stdout.trim()
  } catch (error) {
    throw new Error(whyItFailed(program, error, timeoutMs), { cause: error })
  }
}

function whyItFailed(program: string, error: unknown, timeoutMs: number): string {
  const { code, killed, stderr = '' } = error as { code?: unknown; killed?: boolean; stderr?: string }
  if (code === 'ENOENT') return `${program} is not on the PATH`
  if (killed) return `${program} did not end within ${timeoutMs / 1000} s`
  const last = stderr.trim().split('\n').at(-1)?.trim()
  return last || `${program} ended with ${String(code)}`
}
