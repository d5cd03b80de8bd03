import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { type Input, type InputSpec, writeInput } from '../../bench/load/inputs.ts'
import type { Kind } from '../../bench/load/texts.ts'
import { openInputs, readRecords } from '../../src/input/index.ts'

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function written(spec: InputSpec): Promise<Input> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-inputs-'))
  folders.push(folder)
  return writeInput(folder, 'input', spec)
}

function contents({ folder, names }: Input): Buffer {
  return Buffer.concat(names.map(name => readFileSync(join(folder, name))))
}

describe('an input that was written', () => {
  test.each<[Kind, object]>([
    ['lines', {}],
    ['ndjson', { keyField: 'id', valueField: 'status' }],
    ['csv', { keyField: 'id', csvValues: 'json' }],
  ])('of %s has the records and bytes that it tells, and no two alike', async (kind, options) => {
    const input = await written({ kind, size: { records: 20_000 } })
    expect(input).toMatchObject({ records: 20_000, bytes: contents(input).length })
    const paths = input.names.map(name => join(input.folder, name))
    const [file] = openInputs(paths, { stdin: process.stdin })
    let records = 0
    for await (const { count } of readRecords(file!, options)) records += count
    expect(records).toBe(input.records)
    const lines = contents(input).toString().trimEnd().split('\n')
    expect(new Set(lines).size).toBe(lines.length)
  })

  test('under several names is there so many times', async () => {
    const input = await written({ kind: 'lines', size: { records: 100 }, times: 3 })
    expect(input.names).toHaveLength(3)
    expect(input).toMatchObject({ records: 300, bytes: contents(input).length })
  })

  test('of lines has about 90 bytes in each', async () => {
    const { bytes, records } = await written({ kind: 'lines', size: { records: 10_000 } })
    expect(bytes / records).toBeGreaterThan(80)
    expect(bytes / records).toBeLessThan(100)
  })

  test('of as many bytes ends with the record that reaches them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3_000_000 }), async bytes => {
        const text = contents(await written({ kind: 'ndjson', size: { bytes } }))
        expect(text.length).toBeGreaterThanOrEqual(bytes)
        expect(text.lastIndexOf('\n', text.length - 2) + 1).toBeLessThan(bytes)
      }),
      { numRuns: 10 },
    )
  })

  test('packed has the same', async () => {
    const spec = { kind: 'lines', size: { records: 30_000 } } as const
    const packed = await written({ ...spec, packed: 'gzip' })
    expect(packed.names).toEqual(['lines.txt.gz'])
    const plain = contents(await written(spec))
    expect(packed.bytes).toBe(plain.length)
    expect(gunzipSync(contents(packed)).equals(plain)).toBe(true)
  })

  test('as many files, in the order of their names, have the same', async () => {
    const spec = { kind: 'lines', size: { records: 1200 } } as const
    const many = await written({ ...spec, files: 12 })
    expect(many.names).toEqual([...many.names].sort())
    const one = await written(spec)
    expect(many).toMatchObject({ records: one.records, bytes: one.bytes })
    expect(contents(many).equals(contents(one))).toBe(true)
  })

  test.each<[InputSpec['size'], string]>([
    [{ records: 10 }, '10 records are not to be had in 3 files'],
    [{ bytes: 10 }, 'NaN records are not to be had in 3 files'],
  ])('%j cannot be cut into three', async (size, message) => {
    await expect(written({ kind: 'lines', size, files: 3 })).rejects.toThrow(message)
  })
})
