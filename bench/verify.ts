// How fast `verify` reads against how fast a load sends, and in how much memory: see README.md.
import { spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { forkCluster } from '../src/bench/children.ts'
import { type BatchResult, type Framed, Producer } from '../src/index.ts'
import { type ChunkLine, lineWriter, type ReceiptHeader } from '../src/load/receipt/format.ts'
import { hashText, type RecordHasher, recordHasher } from '../src/load/record-hash.ts'
import { numericFlags } from './support/results.ts'

// an embedded cluster keeps 5 MiB a partition
const flags = numericFlags({ thousands: 2000, partitions: 256, bytes: 100, rounds: 3 })
const records = 1000 * flags.thousands
const { partitions, bytes, rounds } = flags
const CHUNK = 100_000
const AT_ONCE = 3
const LOOK_MS = 20
/** Linux counts a process's time in these. */
const TICKS_PER_SECOND = 100
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
  let cpuSeconds = 0
  const timer = setInterval(() => {
    try {
      peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? peak
      const times = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
      cpuSeconds = (Number(times[11]) + Number(times[12])) / TICKS_PER_SECOND
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
    `verify: ${(recordsPerSecond / 1e6).toFixed(2)} M records/s over ${seconds.toFixed(1)} s, ` +
      `${((cpuSeconds * 1e6) / records).toFixed(2)} CPU s a million with the start of Node.js, peak RSS ` +
      `${Math.round(Number(peak) / 1024)} MiB, chunks ${JSON.stringify(chunks)}`,
  )
}

/** Sends all of it, a few chunks at a time, and says where it went. */
async function load(): Promise<ChunkLine[]> {
  // partitions are filled evenly
  const producer = await Producer.connect(
    { ...properties, 'sticky.partitioning.linger.ms': 1 },
    { engine: 'batch' },
  )
  const frames: Framed[] = []
  for (let from = 0; from < records; from += CHUNK)
    frames.push(frameOf(from, Math.min(CHUNK, records - from)))
  const sent: BatchResult[] = []
  const since = performance.now()
  let next = 0
  const sendNext = async () => {
    while (next < frames.length) {
      const index = next++
      sent[index] = await producer.sendBatch(frames[index] as Framed, { detail: 'all' })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, sendNext))
  const seconds = (performance.now() - since) / 1000
  await producer.close()
  console.log(`load:   ${(records / seconds / 1e6).toFixed(2)} M records/s`)
  const hasher = await recordHasher()
  return frames.map((frame, index) => chunkOf(index, frame, sent[index] as BatchResult, hasher))
}

function frameOf(from: number, count: number): Framed {
  const block = Buffer.alloc(count * bytes, 'payload of a record ')
  const ranges = new Uint32Array(2 * count)
  for (let n = 0; n < count; n++) {
    block.writeUInt32LE(from + n, n * bytes)
    ranges[2 * n] = n * bytes
    ranges[2 * n + 1] = (n + 1) * bytes
  }
  return { topic, bytes: block, ranges }
}

function chunkOf(chunk: number, frame: Framed, sent: BatchResult, hasher: RecordHasher): ChunkLine {
  const count = frame.ranges.length / 2
  const offsets = Array.from({ length: partitions }, (): number[] => [])
  for (let n = 0; n < count; n++) {
    const delivery = sent.delivery(n)
    if (delivery === null || delivery.offset === null) throw new Error('a record was not delivered')
    offsets[delivery.partition]?.push(delivery.offset)
  }
  return {
    chunk,
    domain: 0,
    after: chunk === 0 ? undefined : chunk - 1,
    ranges: [[0, chunk * CHUNK * bytes, (chunk * CHUNK + count) * bytes]],
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
  }
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
