// How fast `verify` reads against how fast a load sends, and in how much memory: see README.md.
import { spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { forkCluster } from '../src/bench/children.ts'
import { Producer } from '../src/index.ts'
import { type ChunkLine, lineWriter, type ReceiptHeader } from '../src/load/receipt/format.ts'
import { hashText, recordHasher } from '../src/load/record-hash.ts'
import { numericFlags } from './support/results.ts'

// an embedded cluster keeps 5 MiB a partition
const flags = numericFlags({ thousands: 2000, partitions: 256, bytes: 100, rounds: 3 })
const records = 1000 * flags.thousands
const { partitions, bytes, rounds } = flags
const CHUNK = 100_000
const LOOK_MS = 20
const topic = 'verified'

const cluster = await forkCluster({ [topic]: partitions })
const properties = { 'bootstrap.servers': cluster.bootstrapServers }
const path = join(tmpdir(), `millrace-verify-${process.pid}.receipt`)
try {
  const chunks = await load()
  const write = await lineWriter()
  writeFileSync(path, Buffer.concat([header(), ...chunks].map(line => write(line))))
  for (let round = 0; round < rounds; round++) await verify()
} finally {
  rmSync(path, { force: true })
  await cluster.stop()
}

/** As it is installed, in a process of its own. */
async function verify(): Promise<void> {
  const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
  const child = spawn(process.execPath, [main, 'verify', '-b', cluster.bootstrapServers, '--json', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let peak = '?'
  const timer = setInterval(() => {
    try {
      peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? peak
    } catch {
      // not Linux, or over
    }
  }, LOOK_MS)
  let text = ''
  for await (const piece of child.stdout) text += String(piece)
  clearInterval(timer)
  const { recordsPerSecond, chunks, seconds } = JSON.parse(text) as {
    recordsPerSecond: number
    chunks: Record<string, number>
    seconds: number
  }
  console.log(
    `verify: ${(recordsPerSecond / 1e6).toFixed(2)} M records/s over ${seconds.toFixed(1)} s, peak RSS ` +
      `${Math.round(Number(peak) / 1024)} MiB, chunks ${JSON.stringify(chunks)}`,
  )
}

/** Sends all of it, and says where it went. */
async function load(): Promise<ChunkLine[]> {
  const producer = await Producer.connect(properties, { engine: 'batch' })
  const hasher = await recordHasher()
  const block = Buffer.alloc(CHUNK * bytes, 'payload of a record ')
  const chunks: ChunkLine[] = []
  let seconds = 0
  for (let from = 0; from < records; from += CHUNK) {
    const count = Math.min(CHUNK, records - from)
    const ranges = new Uint32Array(2 * count)
    for (let n = 0; n < count; n++) {
      block.writeUInt32LE(from + n, n * bytes)
      ranges[2 * n] = n * bytes
      ranges[2 * n + 1] = (n + 1) * bytes
    }
    const frame = { topic, bytes: block, ranges }
    const since = performance.now()
    const sent = await producer.sendBatch(frame, { detail: 'all' })
    seconds += (performance.now() - since) / 1000
    const offsets = Array.from({ length: partitions }, (): number[] => [])
    for (let n = 0; n < count; n++) {
      const delivery = sent.delivery(n)
      offsets[delivery?.partition ?? 0]?.push(delivery?.offset ?? 0)
    }
    chunks.push({
      chunk: chunks.length,
      domain: 0,
      after: chunks.length === 0 ? undefined : chunks.length - 1,
      ranges: [[0, from * bytes, (from + count) * bytes]],
      read: count,
      skipped: 0,
      rejected: 0,
      delivered: count,
      bytes: count * bytes,
      offsets: offsets.flatMap((all, partition) =>
        all.length === 0 ? [] : [[topic, partition, runsOf(all)] as const],
      ),
      unknownOffsets: 0,
      hash: hashText(hasher.sum(frame, 0, count)),
      deadLetterBytes: 0,
    })
  }
  await producer.close()
  console.log(`load:   ${(records / seconds / 1e6).toFixed(2)} M records/s, one chunk after the other`)
  return chunks
}

function runsOf(offsets: readonly number[]): [number, number][] {
  const runs: [number, number][] = []
  for (const offset of [...offsets].sort((a, b) => a - b)) {
    const last = runs.at(-1)
    if (last?.[1] === offset - 1) last[1] = offset
    else runs.push([offset, offset])
  }
  return runs
}

function header(): ReceiptHeader {
  return {
    schema: 'millrace.receipt/1',
    loadId: 'bench',
    createdAt: new Date().toISOString(),
    millrace: '0',
    planDigest: null,
    options: {},
    inputs: [{ path: 'none', size: null, mtimeMs: null, sample: '', compression: null }],
    clusterId: null,
    embedded: true,
    topics: [],
    deadLetter: null,
    openRecords: CHUNK,
  }
}
