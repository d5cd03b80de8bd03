import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { Guard } from './brokers/guard.ts'

const holder = fileURLToPath(new URL('../support/fixtures/guard-holder.ts', import.meta.url))

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('Guard', () => {
  const guards: Guard[] = []
  afterEach(async () => {
    for (const guard of guards.splice(0)) await guard.finish()
  })

  async function guarded() {
    const guard = new Guard()
    guards.push(guard)
    const folder = await mkdtemp(join(tmpdir(), 'millrace-guard-'))
    const child = spawn('sleep', ['600'])
    guard.folder(folder)
    guard.process(child)
    return { guard, folder, child }
  }

  test('finish() ends processes and removes the folder', async () => {
    const { guard, folder, child } = await guarded()
    expect(await guard.leftovers()).toEqual([
      `process ${child.pid}`,
      expect.stringMatching(/^guard \d+$/),
      `folder ${folder}`,
    ])

    await guard.finish()

    expect(await guard.leftovers()).toEqual([])
    expect(isAlive(child.pid!)).toBe(false)
    expect(existsSync(folder)).toBe(false)
  })

  test('forgets a process that ended by itself', async () => {
    const { guard, folder, child } = await guarded()
    child.kill()
    await once(child, 'exit')

    expect(await guard.leftovers()).toEqual([expect.stringMatching(/^guard /), `folder ${folder}`])
  })

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('works when its owner dies of %s', async signal => {
    const owner = spawn(process.execPath, ['--import', 'tsx', holder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(createInterface({ input: owner.stdout }), 'line')
    const { pid, folder } = JSON.parse(line) as { pid: number; folder: string }
    expect([isAlive(pid), existsSync(folder)]).toEqual([true, true])

    owner.kill(signal)
    await once(owner, 'exit')

    await expect.poll(() => [isAlive(pid), existsSync(folder)], { timeout: 10_000 }).toEqual([false, false])
  })
})
