import { isPacked, type ReadOptions } from '../input/index.ts'
import { EarlyInput } from './early-input.ts'
import type { Bundle, Source } from './feed.ts'
import { SmallSources, type SmallStretch } from './small-sources.ts'
import { type InputStretch, isWhole, sourceOf } from './stretch.ts'

/** Opening, reading and closing a file are a wait each, which is most of what a small file takes. */
const SMALL_BYTES = 128 * 1024
/** Files that are read together have no more than a chunk of a large one. */
const TOGETHER_BYTES = 512 * 1024
const TOGETHER_FILES = 256
/** How many are read before their turn: files by themselves, and files together. */
const AHEAD = 16
const TOGETHER_AHEAD = 4

/** Something whose reading has begun. */
interface Begun {
  /** Of the places that there are for what is read before its turn. */
  readonly places: number
  sources(): AsyncIterable<Source | Bundle>
  /** Of what nobody has asked for. */
  abandon(): void
}

/**
 * What is to be read, one after the other; small files are read while those before them are worked on, plain ones many at
 * a time. @param together whether these may come as bundles
 */
export async function* sourcesOf(
  stretches: readonly InputStretch[],
  readFor: (name: string) => ReadOptions,
  together: boolean,
): AsyncGenerator<Source | Bundle> {
  const units = unitsOf(stretches, readFor)
  const begun: Begun[] = []
  let places = 0
  try {
    for (;;) {
      while (places < AHEAD) {
        const { done, value } = units.next()
        if (done === true) break
        const next = Array.isArray(value) ? several(value, readFor, together) : single(value, readFor)
        begun.push(next)
        places += next.places
      }
      const first = begun.shift()
      if (first === undefined) return
      places -= first.places
      yield* first.sources()
    }
  } finally {
    for (const one of begun) one.abandon()
  }
}

/** What is begun together: small plain files that follow one another. */
function* unitsOf(
  stretches: readonly InputStretch[],
  readFor: (name: string) => ReadOptions,
): Generator<InputStretch | SmallStretch[]> {
  let held: SmallStretch[] = []
  let bytes = 0
  for (const stretch of stretches) {
    const isTogether =
      isSmall(stretch) && !isPacked(stretch.input.name, readFor(stretch.input.name).decompress)
    const size = isTogether ? stretch.input.size : TOGETHER_BYTES
    if (held.length > 0 && (bytes + size > TOGETHER_BYTES || held.length === TOGETHER_FILES)) {
      yield held
      held = []
      bytes = 0
    }
    if (isTogether) {
      held.push(stretch)
      bytes += size
    } else yield stretch
  }
  if (held.length > 0) yield held
}

function several(
  stretches: readonly SmallStretch[],
  readFor: (name: string) => ReadOptions,
  together: boolean,
): Begun {
  const small = new SmallSources(stretches, readFor)
  // nothing is open once they were read
  return { places: AHEAD / TOGETHER_AHEAD, sources: () => small.sources(together), abandon: () => {} }
}

function single(stretch: InputStretch, readFor: (name: string) => ReadOptions): Begun {
  const early = isSmall(stretch) ? new EarlyInput(stretch.input) : undefined
  return {
    places: 1,
    abandon: () => early?.abandon(),
    async *sources() {
      try {
        const source = await sourceOf(stretch, readFor(stretch.input.name))
        yield { ...source, input: early?.input ?? source.input }
      } finally {
        early?.abandon()
      }
    },
  }
}

function isSmall(stretch: InputStretch): stretch is SmallStretch {
  const { size } = stretch.input
  return size !== null && size <= SMALL_BYTES && isWhole(stretch)
}
