import { spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { loadAddon } from '../../engine/binding.ts'
import { MillraceError } from '../../errors.ts'

/** `held`: another one has it. Otherwise why it cannot be had. */
export type LockResult = 'locked' | 'held' | { readonly why: string }

/**
 * Locks an open file for the one who opened it, as flock(2) does: the lock ends when the descriptor is closed, or its
 * process ends, however that happens. Does not wait.
 */
export function lockFile(descriptor: number): LockResult {
  try {
    return byAddon(descriptor)
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    return byCommand(descriptor)
  }
}

/** @throws MillraceError ENGINE_UNAVAILABLE */
export function byAddon(descriptor: number): LockResult {
  const code = loadAddon().binding.lockFile(descriptor)
  if (code === 0) return 'locked'
  if (code === constants.errno.EWOULDBLOCK) return 'held'
  const name = Object.entries(constants.errno).find(([, number]) => number === code)?.[0]
  return { why: `its file system cannot lock files (${name ?? code})` }
}

/** The lock is that of the open file, which the command shares with us, and outlives the command. */
export function byCommand(descriptor: number): LockResult {
  const { status, error, stderr } = spawnSync('flock', ['-x', '-n', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
    encoding: 'utf8',
  })
  if (error !== undefined) return { why: 'neither the addon nor the command flock is there to lock it' }
  if (status === 0) return 'locked'
  return status === 1 && stderr === '' ? 'held' : { why: `flock failed: ${stderr.trim()}` }
}
