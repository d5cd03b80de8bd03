import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { addon, compile, haveCompiler, install, patch, runChild, useFolder } from '../support/installation.ts'
import { skipBecause } from '../support/skip-reason.ts'

interface Failure {
  readonly name: string
  readonly code: string
  readonly message: string
}

interface Found {
  readonly auto: { readonly engine: string; readonly delivered: number }
  readonly again: { readonly engine: string; readonly delivered: number }
  readonly batch: Failure | { readonly engine: string; readonly delivered: number }
  readonly warnings: readonly string[]
}

const client = dirname(createRequire(import.meta.url).resolve('node-rdkafka/package.json'))
const inFolder = useFolder()
const needs = !existsSync(addon)
  ? skipBecause('the addon was not compiled here')
  : process.platform !== 'linux'
    ? skipBecause('broken files are made for the Linux loader')
    : haveCompiler()
      ? {}
      : skipBecause('no C compiler')

/** The callback engine stood in, with one warning; `batch` failed with the same text. */
function expectRefused(found: Found, ...texts: readonly (string | RegExp)[]): void {
  const callback = { engine: 'callback', delivered: 1 }
  expect(found).toMatchObject({ auto: callback, again: callback })
  expect(found.batch).toMatchObject({ name: 'MillraceError', code: 'ENGINE_UNAVAILABLE' })
  const { message } = found.batch as Failure
  for (const text of texts) expect(message).toMatch(text)
  expect(found.warnings).toEqual([expect.stringContaining(message)])
}

describe('an addon that cannot be loaded', needs, () => {
  const rows: readonly [name: string, place: (file: string) => void, reason: RegExp, hint: string][] = [
    ['is missing', () => {}, /it was not compiled/, 'npm install-scripts approve millrace'],
    ['is empty', file => writeFileSync(file, ''), /file too short/, 'npm rebuild millrace'],
    [
      'is text',
      file => writeFileSync(file, 'not a library\n'.repeat(100)),
      /invalid ELF header/,
      'npm rebuild',
    ],
    ['is a folder', file => mkdirSync(file), /Cannot find module/, 'npm rebuild millrace'],
    ['is for another architecture', otherArchitecture, /millrace\.node/, 'npm rebuild millrace'],
    ['is somebody else’s', nobodys, /is not of this version of millrace/, 'npm rebuild millrace'],
    ['is no addon', file => compile(file, 'int nothing;'), /did not self-register/, 'npm rebuild millrace'],
  ]
  test.each(rows)('%s', async (name, place, reason, hint) => {
    const folder = install(inFolder(name), place)
    expectRefused(await runChild<Found>('engine/children/use-engines', [folder]), reason, hint)
  })

  test('one that can be is not warned of', async () => {
    const folder = install(inFolder('good'), file => copyFileSync(addon, file))
    const batch = { engine: 'batch', delivered: 1 }
    expect(await runChild('engine/children/use-engines', [folder])).toEqual({
      auto: batch,
      again: batch,
      batch,
      warnings: [],
    })
  })

  test('a folder that librdkafka would take for two', async () => {
    const folder = install(inFolder('a;b'), file => copyFileSync(addon, file))
    expectRefused(await runChild<Found>('engine/children/use-engines', [folder]), /";"/)
  })
})

/** The real one, said to be for another machine than this. */
function otherArchitecture(file: string): void {
  const bytes = readFileSync(addon)
  const machine = 18
  const [X86_64, AARCH64] = [0x3e, 0xb7]
  bytes.writeUInt16LE(bytes.readUInt16LE(machine) === X86_64 ? AARCH64 : X86_64, machine)
  writeFileSync(file, bytes)
}

function nobodys(file: string): void {
  compile(file, 'void *napi_register_module_v1(void *env, void *exports) { return exports; }')
}

describe('a librdkafka that the addon was not compiled for', needs, () => {
  const header = readFileSync(join(client, 'deps/librdkafka/src/rdkafka.h'), 'utf8')
  const compiledFor = Number(header.match(/#define RD_KAFKA_VERSION\s+(0x[0-9a-f]+)/i)?.[1])
  const text = (version: number) => [24, 16, 8].map(bits => (version >> bits) & 0xff).join('.')
  const [PATCH, MINOR, MAJOR] = [1 << 8, 1 << 16, 1 << 24] as const
  const library = join(client, 'build/deps/librdkafka.so.1')

  /** node-rdkafka's own library behind another that answers for its version; `lacking` is taken out. */
  function shim(name: string, version: number, lacking?: string): string {
    // LD_PRELOAD is a list separated by spaces
    const folder = inFolder(`librdkafka-${name.replaceAll(' ', '-')}`)
    mkdirSync(folder)
    const inner = join(folder, 'librdkafka.so.9')
    patch(library, inner, 'librdkafka.so.1', 'librdkafka.so.9')
    if (lacking !== undefined) patch(inner, inner, lacking, `${lacking.slice(0, -1)}_`)
    const outer = join(folder, 'librdkafka.so.1')
    const source = `int rd_kafka_version(void) { return ${version}; }`
    compile(outer, source, '-Wl,-soname,librdkafka.so.1,-rpath,$ORIGIN,--no-as-needed', inner)
    return outer
  }

  const folder = () => install(inFolder(`installed ${Math.random()}`), file => copyFileSync(addon, file))

  test.each([
    ['an older minor version', compiledFor - MINOR],
    ['the next major version', compiledFor + MAJOR],
    ['the major version before', compiledFor - MAJOR + 20 * MINOR],
  ])('%s is refused, with both versions', async (name, version) => {
    const found = await runChild<Found>('engine/children/use-engines', [folder()], {
      LD_PRELOAD: shim(name, version),
    })
    expectRefused(
      found,
      ` is ${text(version)}, `,
      `compiled for ${text(compiledFor)} `,
      'npm rebuild millrace',
    )
  })

  test.each([
    ['the same', compiledFor],
    ['a candidate of the same', compiledFor - 1],
    ['a newer patch', compiledFor + PATCH],
    ['a newer minor version', compiledFor + MINOR],
  ])('%s serves', async (name, version) => {
    const found = await runChild<Found>('engine/children/use-engines', [folder()], {
      LD_PRELOAD: shim(name, version),
    })
    expect(found).toMatchObject({ batch: { engine: 'batch', delivered: 1 }, warnings: [] })
  })

  test('one that lacks a function is refused, and the function named', async () => {
    const lacking = 'rd_kafka_interceptor_add_on_acknowledgement'
    const preload = shim('lacking', compiledFor, lacking)
    const found = await runChild<Found>('engine/children/use-engines', [folder()], { LD_PRELOAD: preload })
    expectRefused(found, `has no ${lacking}`)
  })
})

describe('a plugin that is not the addon of its producer', needs, () => {
  interface Used {
    readonly wrong: Failure | 'connected'
    readonly right: unknown
    readonly others: unknown
    readonly delivered: number
  }
  const copied = (name: string) => {
    const file = inFolder(`${name}.node`)
    copyFileSync(addon, file)
    return file
  }
  const rows: readonly [name: string, make: () => [plugins: string, copy: string], text: RegExp][] = [
    ['missing', () => [inFolder('nowhere.node'), ''], /cannot open shared object file/],
    [
      'garbage',
      () => {
        const file = inFolder('garbage.node')
        writeFileSync(file, 'not a library\n'.repeat(100))
        return [file, '']
      },
      /garbage\.node/,
    ],
    [
      'no plugin',
      () => {
        const file = inFolder('addon.node')
        nobodys(file)
        return [file, '']
      },
      /conf_init/,
    ],
    [
      'a copy that nothing else has loaded',
      () => [copied('copy'), ''],
      /no producer .* waits for this client/,
    ],
    [
      'a copy with a producer of its own',
      () => {
        const copy = copied('loaded')
        return [copy, copy]
      },
      /no producer .* waits for this client/,
    ],
    [
      'a copy before the right one',
      () => {
        const copy = copied('before')
        return [`${copy};${addon}`, copy]
      },
      /no producer .* waits for this client/,
    ],
  ]
  test.each(rows)('%s', async (_name, make, text) => {
    const [plugins, copy] = make()
    const used = await runChild<Used>('engine/children/use-plugin', [addon, plugins, copy])
    expect(used.wrong).toMatchObject({ name: 'MillraceError', code: 'CONFIG_INVALID_VALUE' })
    expect((used.wrong as Failure).message).toMatch(text)
    expect(used).toMatchObject({ right: 'connected', delivered: 1 })
    if (copy !== '') expect(used.others).toBe('connected')
  })

  test('two installations in one process deliver side by side', async () => {
    const place = (file: string) => copyFileSync(addon, file)
    const folders = [install(inFolder('one'), place), install(inFolder('two'), place)]
    const account = { accepted: 1000, delivered: 1000, failed: 0 }
    expect(await runChild('engine/children/use-both', folders)).toEqual({
      distinct: true,
      delivered: [1000, 1000],
      accounts: [account, account],
      read: 2000,
    })
  })
})
