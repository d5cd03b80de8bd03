import { createRequire } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import { describe, MillraceError } from '../errors.ts'

export type Rdkafka = typeof import('node-rdkafka')

/** The two internals that node-rdkafka's index does not show: error texts by number. */
interface Native {
  err2str(code: number): string
}

const require = createRequire(import.meta.url)

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
    throw new MillraceError(
      'CLIENT_NOT_BUILT',
      `node-rdkafka cannot be loaded: ${firstLine(describe(cause))}`,
      {
        cause,
        hint:
          'It is compiled when it is installed; where install scripts were blocked, run ' +
          '`npm install-scripts approve node-rdkafka` (npm 11 and later) and then `npm rebuild node-rdkafka`',
      },
    )
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
