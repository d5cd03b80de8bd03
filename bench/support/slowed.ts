import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Every message that is not framed goes through it once, in the thread that offers it. */
const HOT_FILE = 'dist/engine/packer.js'
const HOT = /^( +)add\(message, id\) \{\n/m

/** Arithmetic that each round needs the one before for, and whose outcome is kept: nothing that a compiler could leave out. */
export const SPIN = `let spun = 1
export function spin(rounds) {
  let value = spun
  for (let round = 0; round < rounds; round++) value = (Math.imul(value, 1103515245) + round) | 0
  spun = value
}
`

/** The compiled hot path with so many rounds of busy work a message. @throws Error where it is another one by now */
export function slowedSource(source: string, rounds: number): string {
  if (!HOT.test(source))
    throw new Error(`${HOT_FILE} has no "add(message, id)" to slow down: see bench/support/slowed.ts`)
  return SPIN + source.replace(HOT, `$&$1    spin(${rounds});\n`)
}

/**
 * A copy of what was built, as an installation for `--against`. It shares the addon and the npm packages.
 * `rounds`: of busy work a message; 0 leaves it as it is.
 */
export function copyInstallation(folder: string, rounds: number): string {
  mkdirSync(folder, { recursive: true })
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  for (const name of ['node_modules', 'build']) symlinkSync(join(root, name), join(folder, name))
  if (rounds > 0) {
    const path = join(folder, HOT_FILE)
    writeFileSync(path, slowedSource(readFileSync(path, 'utf8'), rounds))
  }
  return folder
}
