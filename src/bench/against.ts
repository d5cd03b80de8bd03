import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MillraceError } from '../errors.ts'

/** Another millrace on this machine, whose trial processes can be started from here. */
export interface Installation {
  readonly folder: string
  readonly version: string
  /** Its `trial-process.js`. */
  readonly trialProcess: string
}

/**
 * The millrace in a folder, or installed there as a dependency.
 * @throws MillraceError USAGE where there is none, or none that was built
 */
export function findInstallation(folder: string): Installation {
  for (const candidate of [folder, join(folder, 'node_modules', 'millrace')]) {
    const version = versionIn(candidate)
    if (version === undefined) continue
    const trialProcess = resolve(candidate, 'dist', 'bench', 'trial-process.js')
    if (!existsSync(trialProcess)) {
      throw new MillraceError('USAGE', `--against ${folder} was not built: there is no ${trialProcess}`, {
        hint: 'Run npm run build there',
      })
    }
    return { folder: resolve(candidate), version, trialProcess }
  }
  throw new MillraceError('USAGE', `--against ${folder} has no millrace`, {
    hint: 'Give the folder of a clone, or one in which npm install millrace was run',
  })
}

function versionIn(folder: string): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return name === 'millrace' ? String(version) : undefined
  } catch {
    return undefined
  }
}
