import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BadRecord, byteOf, readRecords } from '../../src/input/index.ts'
import { Mixed } from '../../src/load/mixed.ts'
import { inputOf } from '../input/helpers.ts'

test('good and bad records are taken in the order of the input, however many at a time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
      async (goods, steps) => {
        const lines = goods.map((isGood, n) => (isGood ? `${n}\n` : `x${n}\n`))
        const bad: BadRecord[] = []
        const onBad = (record: BadRecord) => bad.push(record)
        const seen: number[] = []
        const blocks = readRecords(inputOf(lines.join(''), 'a.ndjson'), { onBad, maxRecords: 7 })
        for await (const block of blocks) {
          const mixed = new Mixed(block, bad.splice(0))
          for (let step = 0; mixed.left > 0; step++) {
            const count = Math.min(steps[step % steps.length] as number, mixed.left)
            const { from, to, bad } = mixed.take(count)
            expect(to - from + bad.length).toBe(count)
            const good = Array.from({ length: to - from }, (_, n) => byteOf(block.records, from + n))
            const taken = [...good, ...bad.map(({ byte }) => byte)].sort((a, b) => a - b)
            for (const byte of taken) seen.push(byte)
          }
        }
        let at = 0
        const all = lines.map(line => {
          const start = at
          at += line.length
          return start
        })
        expect(seen).toEqual(all)
      },
    ),
  )
})
