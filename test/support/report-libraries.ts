import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { skipBecause } from './skip-reason.ts'

const require = createRequire(import.meta.url)
const { dependencies } = require('../../package.json') as { dependencies: Record<string, string> }
/** What package.json names must be there; only before that may it be missing. */
const missing = ['@observablehq/plot', 'linkedom'].filter(
  name => !(name in dependencies) && !isInstalled(name),
)

function isInstalled(name: string): boolean {
  return (require.resolve.paths(name) ?? []).some(folder =>
    statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory(),
  )
}

/** Whether the libraries that draw a report's charts are installed. */
export const canDraw = missing.length === 0
export const withCharts = canDraw ? {} : skipBecause(`${missing.join(' and ')} not installed`)
