import { open, stat } from 'node:fs/promises'
import { type Binding, loadAddon } from '../engine/binding.ts'

/** A regular file, as it was when it was looked at. */
export interface SmallFile {
  readonly name: string
  readonly size: number
}

/**
 * Reads files whole into one memory, one behind the other: in one job of libuv's pool where there is an addon. Which of
 * them are there; the others could not be read, or have another size by now, and are to be read as any file is, which will
 * tell why. Never rejects.
 */
export async function readFiles(files: readonly SmallFile[], into: Buffer): Promise<boolean[]> {
  const binding = addon()
  if (binding === undefined) return readEach(files, into)
  return new Promise(resolve => {
    binding.readFiles(pathsOf(files), sizesOf(files), into, results => resolve(areThere(results)))
  })
}

/**
 * XXH64 of each one's size in decimal digits and its content. Null as for readFiles; undefined: there is no addon. Never
 * rejects.
 */
export async function hashFiles(files: readonly SmallFile[]): Promise<(bigint | null)[] | undefined> {
  const binding = addon()
  if (binding === undefined) return undefined
  const hashes = new BigUint64Array(files.length)
  return new Promise(resolve => {
    binding.hashFiles(pathsOf(files), sizesOf(files), hashes, results =>
      resolve(areThere(results).map((isThere, index) => (isThere ? (hashes[index] as bigint) : null))),
    )
  })
}

function addon(): Binding | undefined {
  try {
    return loadAddon().binding
  } catch {
    return undefined
  }
}

function pathsOf(files: readonly SmallFile[]): string {
  return files.map(({ name }) => `${name}\0`).join('')
}

function sizesOf(files: readonly SmallFile[]): Float64Array {
  return Float64Array.from(files, ({ size }) => size)
}

function areThere(results: Int32Array): boolean[] {
  return Array.from(results, result => result === 0)
}

function readEach(files: readonly SmallFile[], into: Buffer): Promise<boolean[]> {
  let end = 0
  return Promise.all(
    files.map(({ name, size }) => {
      end += size
      return readOne(name, into.subarray(end - size, end)).catch(() => false)
    }),
  )
}

async function readOne(name: string, into: Buffer): Promise<boolean> {
  // what is read of a pipe would be lost
  if (!(await stat(name)).isFile()) return false
  const file = await open(name, 'r')
  try {
    let at = 0
    while (at < into.length) {
      const { bytesRead } = await file.read(into, at, into.length - at)
      if (bytesRead === 0) return false
      at += bytesRead
    }
    return (await file.read(Buffer.alloc(1), 0, 1)).bytesRead === 0
  } finally {
    await file.close()
  }
}
