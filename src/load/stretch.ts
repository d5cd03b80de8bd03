import { type Input, openPart, optionsForPart, partBetween, type ReadOptions } from '../input/index.ts'
import type { Source } from './feed.ts'
import type { Place } from './place.ts'

/** What a load is to read of one of its inputs. */
export interface InputStretch {
  readonly input: Input
  /** The input's number. */
  readonly index: number
  /** Offset of the first byte, unpacked, at which a record begins. */
  readonly from: number
  /** Null: the input's end. */
  readonly to: number | null
  /** Whether threads may share it. */
  readonly divisible: boolean
  /** Of an input that cannot be read from a position: the hash of what stands before `from`. */
  readonly prefix?: string | undefined
}

/** All of the inputs. */
export function allOf(inputs: readonly Input[]): InputStretch[] {
  return inputs.map((input, index) => ({ input, index, from: 0, to: null, divisible: true }))
}

export function isWhole({ from, to }: InputStretch): boolean {
  return from === 0 && to === null
}

/** It cannot be read from a position: what stands before is read, and passed over. */
export function isStream({ input }: InputStretch): boolean {
  return input.size === null
}

export function placeOf(stretch: InputStretch): Place {
  const { index, from, to, prefix } = stretch
  const passed = prefix === undefined ? undefined : { to: from, hash: prefix }
  return { input: index, ends: to === null, isStream: isStream(stretch), passed }
}

/** @throws MillraceError as readRecords, where a csv file's columns are to be read */
export async function sourceOf(stretch: InputStretch, read: ReadOptions): Promise<Source> {
  const { input, from, to } = stretch
  const place = placeOf(stretch)
  if (isStream(stretch) || isWhole(stretch)) return { input, read, place }
  const part = await partBetween(input, read, from, to)
  return { input: openPart(part), read: optionsForPart(read, part), place }
}
