import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from './hear.ts'
import { sources } from './install.ts'

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** A program of this folder, in TypeScript. */
export function program(file: string, args: readonly string[] = [], node = process.execPath): Command {
  return { path: node, args: ['--import', tsx, join(sources, file), ...args] }
}

/** A driver that is a module of this folder. `folder`: where an installed peer's modules are. */
export function hosted(module: string, folder = '', node = process.execPath): Command {
  const { path, args } = program('node/host.ts', [join(sources, module), folder], node)
  return { path, args: [...profiling(), ...args] }
}

/** `BENCH_PROFILE=DIR` has each trial's process write a CPU profile there. */
export function profiling(): string[] {
  const folder = process.env.BENCH_PROFILE
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}
