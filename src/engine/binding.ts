import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describe, MillraceError } from '../errors.ts'

/** The addon's functions; what each does stands in src/native/binding.cc. Tokens name channels, ids batches. */
export interface Binding {
  open(messages: number, bytes: number, wake: () => void): number
  topic(token: number, name: string): number
  batch(token: number, size: number, slots: boolean): number
  offer(token: number, batch: number, fields: Int32Array, count: number, arena: Uint8Array): number
  framed(
    token: number,
    batch: number,
    from: number,
    to: number,
    fields: Int32Array,
    bytes: Uint8Array,
    ranges: Uint32Array,
    keyBytes: Uint8Array | null,
    keyRanges: Uint32Array | null,
    arena: Uint8Array,
  ): number
  single(token: number, fields: Int32Array, arena: Uint8Array): number
  seal(token: number, batch: number): void
  awake(token: number): boolean
  endings(token: number): {
    ids: Uint32Array
    partitions: Int32Array
    offsets: Float64Array
    errors: Int16Array
    states: Uint8Array
  } | null
  finished(token: number): Uint32Array | null
  batchCounts(token: number, batch: number): Float64Array
  failures(token: number, batch: number): Int32Array | null
  deliveries(token: number, batch: number, partitions: Int32Array, offsets: Float64Array): void
  free(token: number, batch: number): void
  counts(token: number): Float64Array
  purge(token: number): void
  close(token: number): void
  release(token: number): void
  /** The versions of librdkafka; throws where the one in use is missing or will not do. */
  librdkafka(): { readonly running: string; readonly compiledFor: string }
}

const require = createRequire(import.meta.url)
// beside dist/ and src/ alike
const root = fileURLToPath(new URL('../../', import.meta.url))

const IN_A_CLONE = 'in a clone, scripts/bootstrap'
const COMPILE_AGAIN = `Type \`npm rebuild millrace\` (${IN_A_CLONE})`
const NOT_COMPILED =
  'Its install script does that, and wants a C++ compiler, make and python3. ' +
  'Type `npm install-scripts approve millrace` if npm blocked the script (npm 12 does), ' +
  `then \`npm rebuild millrace\` (${IN_A_CLONE})`
const OTHER_LIBRDKAFKA =
  `${COMPILE_AGAIN} if node-rdkafka was changed since; otherwise another module, or LD_LIBRARY_PATH, ` +
  "has brought a librdkafka of its own before node-rdkafka's"

const WITHOUT_SEMICOLON = 'Install millrace in a folder whose path has no ";"'

const path = `${root}build/Release/millrace.node`

let loaded: Binding | undefined

/**
 * Loads the addon, once a process, after node-rdkafka.
 * @throws MillraceError ENGINE_UNAVAILABLE with the reason and the command that repairs it
 */
export function loadBinding(): { binding: Binding; path: string } {
  loaded ??= load()
  return { binding: loaded, path }
}

function load(): Binding {
  if (!existsSync(path)) throw unavailable('it was not compiled', NOT_COMPILED)
  if (path.includes(';'))
    throw unavailable(`librdkafka would take ${path} for two plugins`, WITHOUT_SEMICOLON)
  let binding: Partial<Binding>
  try {
    binding = require(path) as Partial<Binding>
  } catch (cause) {
    throw unavailable(describe(cause).split('\n', 1)[0] ?? '', COMPILE_AGAIN, cause)
  }
  if (binding.librdkafka === undefined)
    throw unavailable(`${path} is not of this version of millrace`, COMPILE_AGAIN)
  try {
    binding.librdkafka()
  } catch (cause) {
    throw unavailable(describe(cause), OTHER_LIBRDKAFKA, cause)
  }
  return binding as Binding
}

function unavailable(reason: string, hint: string, cause?: unknown): MillraceError {
  return new MillraceError('ENGINE_UNAVAILABLE', `The batch engine's addon cannot be loaded: ${reason}`, {
    cause,
    hint,
  })
}
