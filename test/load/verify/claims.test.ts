import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../../src/index.ts'
import { readClaims } from '../../../src/load/verify/claims.ts'
import { useFiles } from '../../cli/harness.ts'
import { chunkLine, header, receiptBytes, writeReceipt } from '../../support/receipts.ts'

const file = useFiles()
const resumed = (mode: 'ordered' | 'gaps') =>
  ({ resumed: { at: '2026-11-22T13:00:00.000Z', mode, millrace: '0.1.0', openRecords: 1 } }) as const

async function superseded(lines: Parameters<typeof writeReceipt>[1]): Promise<number[]> {
  const { chunks } = await readClaims(await writeReceipt(file('r.receipt', ''), lines))
  return chunks.filter(chunk => chunk.superseded).map(({ chunk }) => chunk)
}

describe('what a receipt claims', () => {
  test('chunks behind a gap in their domain are sent again by a resume', async () => {
    const lines = [
      header(),
      chunkLine({ chunk: 0 }),
      // 1 has no line
      chunkLine({ chunk: 3, after: 2 }),
      chunkLine({ chunk: 2, after: 1 }),
      chunkLine({ chunk: 4, after: undefined, domain: 1 }),
    ]
    expect(await superseded(lines)).toEqual([])
    expect(await superseded([...lines, resumed('gaps')])).toEqual([])
    expect(await superseded([...lines, resumed('ordered')])).toEqual([3, 2])
    const later = [chunkLine({ chunk: 5, after: undefined, domain: 2 }), chunkLine({ chunk: 7, after: 6 })]
    expect(await superseded([...lines, resumed('ordered'), ...later])).toEqual([3, 2])
    expect(await superseded([...lines, resumed('ordered'), ...later, resumed('ordered')])).toEqual([3, 2, 7])
  })

  test('ids of topics come with the header or later', async () => {
    const topics = [
      { topic: 'a', topicId: null, partitions: 1 },
      { topic: 'b', topicId: 'B', partitions: 1 },
    ]
    const later = { topics: [{ topic: 'a', topicId: 'A', partitions: 1 }] }
    const { topicIds } = await readClaims(
      await writeReceipt(file('t.receipt', ''), [header({ topics }), later]),
    )
    expect(topicIds).toEqual(
      new Map([
        ['a', 'A'],
        ['b', 'B'],
      ]),
    )
  })

  test('one that is torn claims what stands before', async () => {
    const whole = await receiptBytes([header(), chunkLine({ chunk: 0 }), chunkLine({ chunk: 1 })])
    const { chunks, damage } = await readClaims(file('torn.receipt', whole.subarray(0, whole.length - 5)))
    expect(chunks.map(({ chunk }) => chunk)).toEqual([0])
    expect(damage).toMatchObject({ line: 3 })
  })

  const sad: readonly [why: string, content: string][] = [
    ['empty', ''],
    ['none', 'hello\n'],
    ['altered in its first line', `${'0'.repeat(16)} {"schema":"millrace.receipt/1"}\n`],
  ]
  test.each(sad)('%s', async (_, content) => {
    const path = file('sad.receipt', '')
    writeFileSync(path, content)
    const error = await readClaims(path).catch(error => error)
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code: 'RECEIPT_UNREADABLE' })
  })
})
