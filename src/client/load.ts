import { createRequire } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import { describe, MillraceError } from '../errors.ts'

export type Rdkafka = typeof import('node-rdkafka')

/** The two internals that node-rdkafka's index does not show: error texts by number. */
interface Native {
  err2str(code: number): string
}

const require = createRequire(import.meta.url)

// names millrace too, whose own script npm has then blocked as well
const HINT =
  'Its install script compiles it, and wants a C++ compiler, make and python3. ' +
  'Type `npm install-scripts approve node-rdkafka millrace` if npm blocked the script (npm 12 does), ' +
  'then `npm rebuild node-rdkafka millrace`, which takes minutes (in a clone, scripts/bootstrap)'

let loaded: { rdkafka: Rdkafka; native: Native } | undefined

/**
 * Loads node-rdkafka, once a process.
 * @throws MillraceError CLIENT_NOT_BUILT when it is missing or was not compiled, ENGINE_UNAVAILABLE
 * in a worker thread: node-rdkafka is not context-aware and would crash the process there.
 */
export function loadClient(): { rdkafka: Rdkafka; native: Native } {
  if (loaded !== undefined) return loaded
  if (!isMainThread) {
    throw new MillraceError('ENGINE_UNAVAILABLE', 'node-rdkafka can be loaded by the main thread only', {
      hint: 'Connect the producer in the main thread',
    })
  }
  try {
    const rdkafka = require('node-rdkafka') as Rdkafka
    const native = require('node-rdkafka/librdkafka.js') as Native
    loaded = { rdkafka, native }
    return loaded
  } catch (cause) {
    throw new MillraceError('CLIENT_NOT_BUILT', `node-rdkafka cannot be loaded: ${reason(cause)}`, {
      cause,
      hint: HINT,
    })
  }
}

function reason(cause: unknown): string {
  // the package that looks for the compiled file tells all the places where there is none
  if (cause instanceof Error && 'tries' in cause) return 'it was not compiled'
  const [text] = describe(cause).split('\nRequire stack:', 1)
  return (text ?? '')
    .trim()
    .replace(/\.$/, '')
    .replace(/\s*\n\s*/g, ' ')
}
