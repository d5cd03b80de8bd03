import { packingOf } from './unpack.ts'

/**
 * How records stand in an input; `auto` goes by the file's name (that of what is packed, for .gz and .zst),
 * and takes standard input as lines.
 */
export const inputFormats = [
  'auto',
  'lines',
  'ndjson',
  'csv',
  'tsv',
  'raw',
  'length-prefixed',
  'envelope',
] as const

export type InputFormat = (typeof inputFormats)[number]

export type NamedFormat = Exclude<InputFormat, 'auto'>

const nameEndings: readonly (readonly [RegExp, NamedFormat])[] = [
  [/\.envelope(?:\.(?:ndjson|jsonl))?$/i, 'envelope'],
  [/\.(?:ndjson|jsonl)$/i, 'ndjson'],
  [/\.csv$/i, 'csv'],
  [/\.(?:tsv|tab)$/i, 'tsv'],
]

/** The format of an input, by its name where none is asked for. */
export function formatOf(name: string, asked: InputFormat = 'auto'): NamedFormat {
  if (asked !== 'auto') return asked
  const { name: unpackedName } = packingOf(name)
  return nameEndings.find(([ending]) => ending.test(unpackedName))?.[1] ?? 'lines'
}
