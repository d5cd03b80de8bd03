import { MillraceError } from '../errors.ts'
import type { Io } from './command.ts'

export type Signal = 'SIGINT' | 'SIGTERM'

/** What Ctrl-C makes of a run: the first one ends it and keeps what was measured, the second leaves at once. */
export class Interruption {
  readonly #first = new AbortController()
  readonly #second = new AbortController()
  readonly #ignore: () => void
  #signalled: Signal | undefined

  /** Listens from now on, so that nothing before the first trial keeps anybody waiting. */
  constructor(io: Io) {
    this.#ignore = io.onSignal(signal => {
      if (this.#signalled !== undefined) this.#second.abort()
      this.#signalled ??= signal
      this.#first.abort()
    })
  }

  /** Aborted by the first. */
  get signal(): AbortSignal {
    return this.#first.signal
  }

  /** Aborted by the second. */
  get left(): AbortSignal {
    return this.#second.signal
  }

  get signalled(): Signal | undefined {
    return this.#signalled
  }

  /** @throws MillraceError ABORTED after the first, with `context.signal` */
  check(): void {
    if (this.#signalled === undefined) return
    throw new MillraceError('ABORTED', this.#signalled, { context: { signal: this.#signalled } })
  }

  end(): void {
    this.#ignore()
  }
}

/** As the promise, or with what `instead` makes as soon as the signal is aborted. What becomes of the promise then is nobody's concern. */
export async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  instead: () => T,
): Promise<T> {
  let onAbort = () => {}
  const aborted = new Promise<T>((resolve, reject) => {
    onAbort = () => {
      try {
        resolve(instead())
      } catch (error) {
        reject(error)
      }
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
