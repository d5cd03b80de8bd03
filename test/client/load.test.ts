import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compile, haveCompiler, installClient, runChild, useFolder } from '../support/installation.ts'
import { skipBecause } from '../support/skip-reason.ts'

const real = dirname(createRequire(import.meta.url).resolve('node-rdkafka/package.json'))
const inFolder = useFolder()

/** Where node-rdkafka looks for what was compiled. */
function compiled(client: string): string {
  mkdirSync(join(client, 'build/Release'), { recursive: true })
  return join(client, 'build/Release/node-librdkafka.node')
}

describe('node-rdkafka', () => {
  test('as it was installed, loads', async () => {
    const folder = installClient(inFolder('good'), client =>
      symlinkSync(join(real, 'build'), join(client, 'build')),
    )
    expect(await runChild('client/children/load', [folder])).toBe('loaded')
  })

  const rows: readonly [name: string, place: ((client: string) => void) | undefined, reason: RegExp][] = [
    ['missing', undefined, /: Cannot find module 'node-rdkafka'\. /],
    ['not compiled', () => {}, /: it was not compiled\. /],
    ['an empty file', client => writeFileSync(compiled(client), ''), /file too short/],
    ['garbage', client => writeFileSync(compiled(client), 'nothing\n'.repeat(100)), /invalid ELF header/],
    ['without its librdkafka', withoutLibrary, /librdkafka/],
  ]
  const needs = process.platform === 'linux' ? {} : skipBecause('texts of the Linux loader')
  test.each(rows)('%s is told, with what to type', needs, async (name, place, reason) => {
    const folder = installClient(inFolder(name), place)
    const error = await runChild<{ message: string }>('client/children/load', [folder])
    expect(error).toMatchObject({ name: 'MillraceError', code: 'CLIENT_NOT_BUILT' })
    expect(error.message).toMatch(reason)
    expect(error.message).toContain('`npm install-scripts approve node-rdkafka millrace`')
    expect(error.message).toContain('`npm rebuild node-rdkafka millrace`')
    expect(error.message).not.toMatch(/\n|Require stack|Tried/)
  })

  const compiler = haveCompiler() ? {} : skipBecause('no C compiler')
  test('compiled for another Node.js is told in full', compiler, async () => {
    const folder = installClient(inFolder('other'), client => {
      // the oldest way to register says which version it was compiled for
      const source = `struct module { int version; unsigned flags; void *handle; const char *file; void *init, *context;
        const char *name; void *priv, *link; };
        extern void node_module_register(void *);
        static struct module m = { 1, 0, 0, "x.cc", 0, 0, "x", 0, 0 };
        __attribute__((constructor)) static void enter(void) { node_module_register(&m); }`
      compile(compiled(client), source)
    })
    const error = await runChild<{ message: string }>('client/children/load', [folder])
    expect(error).toMatchObject({ code: 'CLIENT_NOT_BUILT' })
    expect(error.message).toMatch(/NODE_MODULE_VERSION 1\. This version of Node\.js requires/)
  })
})

/** A copy of what was compiled, without the library beside it. */
function withoutLibrary(client: string): void {
  copyFileSync(join(real, 'build/Release/node-librdkafka.node'), compiled(client))
}
