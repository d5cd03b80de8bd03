import type { ChildProcess } from 'node:child_process'

/** Has a program end with this process. @returns what to call once it has ended */
export function livesNoLonger(child: ChildProcess): () => void {
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  return () => process.removeListener('exit', end)
}
