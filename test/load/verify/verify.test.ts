import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Producer } from '../../../src/index.ts'
import type { ChunkLine } from '../../../src/load/receipt/format.ts'
import { readClaims } from '../../../src/load/verify/claims.ts'
import { type VerifyOptions, verify } from '../../../src/load/verify/verify.ts'
import { EmbeddedCluster } from '../../../src/testing/index.ts'
import { useFiles } from '../../cli/harness.ts'
import { header, loadChunks, writeReceipt } from '../../support/receipts.ts'

const file = useFiles()
const topic = 't'
let cluster: EmbeddedCluster
let chunks: ChunkLine[]

beforeAll(async () => {
  cluster = await EmbeddedCluster.start({ brokers: 3, topics: { [topic]: 6 } })
  const producer = await Producer.connect(
    { 'bootstrap.servers': cluster.bootstrapServers },
    { engine: 'batch' },
  )
  const messages = Array.from({ length: 30_000 }, (_, n) => ({ topic, key: `${n}`, value: `value ${n}` }))
  chunks = await loadChunks(producer, messages, 3000)
  await producer.close()
})
afterAll(() => cluster.stop())

async function verified(options: VerifyOptions = {}) {
  const claims = await readClaims(await writeReceipt(file('v.receipt', ''), [header(), ...chunks]))
  return verify({ 'bootstrap.servers': cluster.bootstrapServers }, claims, options)
}

describe('a verification', () => {
  test('tells how it gets on', async () => {
    const seen: number[] = []
    const { read, verdicts, interrupted } = await verified({
      onProgress: ({ records, expected }) => {
        expect(expected).toBe(30_000)
        seen.push(records)
      },
    })
    expect(seen.at(-1)).toBe(30_000)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(read.records).toBe(30_000)
    expect(verdicts.every(({ outcome }) => outcome === 'present')).toBe(true)
    expect(interrupted).toBe(false)
  })

  test('leaders that move in the middle, and broken connections, are got over', async () => {
    await cluster.pushErrors('Fetch', ['NOT_LEADER_FOR_PARTITION', '_TRANSPORT', 'NOT_LEADER_FOR_PARTITION'])
    for (let partition = 0; partition < 6; partition++)
      await cluster.setLeader(topic, partition, 1 + (partition % 2))
    const { verdicts } = await verified({ timeoutMs: 20_000 })
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(Array(10).fill('present'))
  })

  test('interrupted, it says what was not read, and calls nothing missing', async () => {
    for (const broker of [1, 2, 3]) await cluster.setBrokerRtt(broker, 400)
    try {
      const abort = new AbortController()
      // the first answer to a fetch is still to come by then
      const { verdicts, interrupted } = await verified({
        signal: abort.signal,
        onProgress: () => abort.abort(),
      })
      expect(interrupted).toBe(true)
      expect(verdicts).toHaveLength(10)
      for (const { outcome, reason } of verdicts)
        expect(['present', 'unverifiable interrupted']).toContain([outcome, reason].filter(Boolean).join(' '))
      expect(verdicts.some(({ reason }) => reason === 'interrupted')).toBe(true)
    } finally {
      for (const broker of [1, 2, 3]) await cluster.setBrokerRtt(broker, 0)
    }
  })
})
