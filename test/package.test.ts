import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }

const root = fileURLToPath(new URL('../', import.meta.url))

/** What npm would pack now; dist/ is made by a script that is left out here. */
function packed(): string[] {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const output = execFileSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  // an array of npm 11, an object of npm 12
  const [pack] = Object.values(JSON.parse(output) as Record<string, { files: { path: string }[] }>)
  return (pack?.files ?? []).map(({ path }) => path)
}

describe('the package', () => {
  const paths = packed()
  const gyp = readFileSync(`${root}binding.gyp`, 'utf8')
  const sources = [...gyp.matchAll(/"(src\/native\/[^"]+)"/g)].map(match => match[1] as string)

  test('has what its install script needs', () => {
    expect(sources.length).toBeGreaterThan(3)
    expect(paths).toEqual(expect.arrayContaining(['binding.gyp', 'scripts/build-addon.mjs', ...sources]))
    for (const source of sources) {
      const text = readFileSync(`${root}${source}`, 'utf8')
      const includes = [...text.matchAll(/^#include "(.+)"$/gm)].map(match => `src/native/${match[1]}`)
      expect(paths).toEqual(expect.arrayContaining(includes.filter(path => !path.endsWith('/rdkafka.h'))))
    }
    expect(manifest.scripts.install).toContain('scripts/build-addon.mjs --optional')
  })

  test('has neither tests nor what was compiled here', () => {
    const expected =
      /^(package\.json|README\.md|LICENSE|binding\.gyp|scripts\/build-addon\.mjs|src\/native\/|dist\/)/
    expect(
      paths.filter(path => !expected.test(path) || /\.(o|node|test\.\w+|tsbuildinfo)$/.test(path)),
    ).toEqual([])
  })

  test('leads to files that the build writes', () => {
    const { bin, exports } = manifest
    const entries = [
      bin.millrace,
      ...Object.values(exports).flatMap(entry => (typeof entry === 'string' ? [] : Object.values(entry))),
    ]
    expect(entries).toHaveLength(5)
    for (const entry of entries) {
      const source = entry.replace(/^(\.\/)?dist\//, 'src/').replace(/(\.d\.ts|\.js)$/, '.ts')
      expect(existsSync(`${root}${source}`), `${entry} out of ${source}`).toBe(true)
    }
    expect(readFileSync(`${root}src/cli/main.ts`, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  })

  test('asks for the Node.js that the scripts ask for', () => {
    const minimum = readFileSync(`${root}scripts/bootstrap`, 'utf8').match(/^node_minimum=(.+)$/m)?.[1]
    expect(manifest.engines.node).toBe(`>=${minimum}`)
  })
})
