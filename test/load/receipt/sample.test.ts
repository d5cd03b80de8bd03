import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openInputs } from '../../../src/input/index.ts'
import { sampleOf, samplesOf } from '../../../src/load/receipt/sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-samples-'))
afterAll(() => rmSync(folder, { recursive: true }))

const MOST = 160 * 1024

function inputs(contents: readonly string[]) {
  const paths = contents.map((content, index) => {
    const path = join(folder, `${index} é.txt`)
    writeFileSync(path, content)
    return path
  })
  return openInputs(paths, { stdin: process.stdin })
}

test('samples of many files are those of each', async () => {
  const sizes = [0, 1, 3, 4, 31, 32, 33, 1000, 100_000, MOST, MOST + 1]
  // more than a job has
  const contents = [...sizes, ...Array.from({ length: 150 }, (_, n) => n)].map(size =>
    'abc'.repeat(size).slice(0, size),
  )
  const given = inputs(contents)
  const samples = await samplesOf(given)
  expect(samples.size).toBe(given.length - 1)
  for (const [input, sample] of samples) expect(sample).toBe(await sampleOf(input.name, input.size as number))
})

test('those that are gone, or have another size by now, are left to be looked at one by one', async () => {
  const given = inputs(['a', 'b', 'c', 'd'])
  rmSync(given[1]?.name as string)
  writeFileSync(given[2]?.name as string, 'cc')
  expect([...(await samplesOf(given)).keys()]).toEqual([given[0], given[3]])
})
