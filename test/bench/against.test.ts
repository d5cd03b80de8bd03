import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findInstallation } from '../../src/bench/against.ts'
import { MillraceError } from '../../src/errors.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-against-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function install(path: string, name = 'millrace', built = true): string {
  const root = join(folder, path)
  mkdirSync(join(root, 'dist', 'bench'), { recursive: true })
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name, version: '0.0.1' }))
  if (built) writeFileSync(join(root, 'dist', 'bench', 'trial-process.js'), '')
  return root
}

describe('findInstallation', () => {
  test('a clone', () => {
    const root = install('.')
    expect(findInstallation(root)).toEqual({
      folder: root,
      version: '0.0.1',
      trialProcess: join(root, 'dist', 'bench', 'trial-process.js'),
    })
  })

  test('a folder that has it as a dependency', () => {
    const root = install('node_modules/millrace')
    expect(findInstallation(folder).folder).toBe(root)
  })

  test.each<[string, () => void, string]>([
    ['an empty folder', () => {}, 'has no millrace'],
    ['another package', () => install('.', 'another'), 'has no millrace'],
    ['one that was not built', () => install('.', 'millrace', false), 'Run npm run build there'],
  ])('%s', (_, prepare, why) => {
    prepare()
    const find = () => findInstallation(folder)
    expect(find).toThrow(MillraceError)
    expect(find).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(why) }))
  })
})
