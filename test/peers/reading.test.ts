import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readOptions } from '../../bench/comparison/options.ts'
import { Absent, step } from '../../bench/peers/install.ts'
import { partitionOf } from '../../bench/peers/node/driver.ts'
import { batchesOf } from '../../bench/peers/node/statistics.ts'
import { readSaid, VoidTrial } from '../../bench/peers/protocol.ts'
import { rowsOf, windowOf } from '../../bench/peers/rdkafka-performance/table.ts'
import { countBatches } from '../../bench/support/log-batches.ts'

describe('an event', () => {
  test.each([
    ['{"event":"ready","at":12.5}', { event: 'ready', at: 12.5 }],
    ['{"event":"error","at":1,"error":"no broker"}', { event: 'error', at: 1, error: 'no broker' }],
  ])('%s', (line, said) => {
    expect(readSaid(line)).toEqual(said)
  })

  test.each([
    'ready',
    '',
    'null',
    '3',
    '{}',
    '{"event":"done","at":1}',
    '{"event":"ready"}',
    '{"event":"ready","at":"now"}',
    '{"event":"result","at":1}',
    '{"event":"result","at":1,"offered":1,"delivered":-1,"failed":0,"window":null,"batches":null,"client":"c"}',
    '{"event":"result","at":1,"offered":1.5,"delivered":1,"failed":0,"window":null,"batches":null,"client":"c"}',
    '{"event":"result","at":1,"offered":1,"delivered":1,"failed":0,"batches":null,"client":"c"}',
  ])('none: %s', line => {
    expect(() => readSaid(line)).toThrow(VoidTrial)
  })
})

describe('rdkafka_performance', () => {
  const output = [
    '% Sending 1000 messages of size 100 bytes',
    '|    elapsed |       msgs |      bytes |        rtt |         dr |     dr_m/s |    dr_MB/s |     dr_err |     tx_err |       outq |     offset ',
    ...[
      [250, 100, 90, 0],
      [1000, 500, 400, 0],
      [1750, 900, 800, 0],
      [2000, 1000, 990, 0],
      [2100, 1000, 1000, 0],
    ].map(
      ([elapsed, msgs, dr, failed]) =>
        `| ${elapsed} | ${msgs} | 0 | 1 | ${dr} | 0 | 0.00 | ${failed} | 0 | 0 | 0 `,
    ),
    '{ "name": "rdkafka#producer-1" }',
  ].join('\n')

  test('tells its counts in a table', () => {
    expect(rowsOf(output)).toHaveLength(5)
    expect(rowsOf(output)[1]).toEqual({ elapsedMs: 1000, offered: 500, delivered: 400, failed: 0 })
  })

  test('has a window from the end of its warm-up to before its last message', () => {
    expect(windowOf(rowsOf(output), 1000, 1)).toEqual({ from: 1000, to: 1750, delivered: 400 })
    expect(windowOf(rowsOf(output), 1000, 1.5)).toBe('too soon')
    expect(windowOf([], 1000, 1)).toBe('too soon')
  })
})

test('librdkafka’s statistics tell its batches, without those that were sent again', () => {
  const brokers = { one: { req: { Produce: 12 }, txretries: 2 }, two: { req: { Produce: 10 } }, three: {} }
  expect(batchesOf({ txmsgs: 4000, brokers })).toEqual({ messages: 4000, batches: 20, requests: 20 })
  expect(batchesOf({ txmsgs: 0, brokers: { one: {} } })).toBeNull()
})

test('the batches of a topic are counted in its segments', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-log-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const batch = (bytes: number) => {
    const whole = Buffer.alloc(12 + bytes, 7)
    whole.writeInt32BE(bytes, 8)
    return whole
  }
  const segment = (topic: string, file: string, ...parts: Buffer[]) => {
    mkdirSync(join(folder, topic), { recursive: true })
    writeFileSync(join(folder, topic, file), Buffer.concat(parts))
  }
  segment('events-0', '00.log', batch(60), batch(1000))
  segment('events-0', '01.log', batch(49))
  segment('events-0', '00.index', batch(49))
  // made longer beforehand
  segment('events-1', '00.log', batch(60), Buffer.alloc(4096))
  segment('events-2', '00.log')
  segment('events-more-0', '00.log', batch(60))
  expect(await countBatches([folder], 'events')).toBe(4)
  expect(await countBatches([folder], 'nothing')).toBe(0)
})

test('partitions have their turns', () => {
  const turns = Array.from({ length: 14 }, (_, number) => partitionOf(number, { run: 3, partitions: 4 }))
  expect(turns).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0, 0])
  expect(partitionOf(5, { run: null, partitions: 4 })).toBeNull()
})

describe('a step of an installation that fails', () => {
  test('there is no such program', async () => {
    await expect(step('no-such-program', ['x'])).rejects.toThrow(
      new Absent('there is no no-such-program here'),
    )
  })

  test('says what it complained of', async () => {
    const complains = 'console.error("made it this far\\nfatal error: no headers\\nbye"); process.exit(3)'
    const failed = step(process.execPath, ['-e', complains])
    await expect(failed).rejects.toThrow(/node -e failed: fatal error: no headers/)
    await expect(failed).rejects.toBeInstanceOf(Absent)
  })
})

describe('the options of the comparison', () => {
  test('defaults', () => {
    expect(readOptions([])).toMatchObject({
      cluster: 'embedded',
      brokers: null,
      only: [],
      pairs: 11,
      seconds: 4,
      messageSize: 100,
      partitions: 4,
      record: true,
      settings: { compression: { codec: 'none', level: null } },
    })
  })

  test.each([
    [['--kafka'], { cluster: 'kafka' }],
    [['--brokers', 'one:9092'], { cluster: 'brokers', brokers: 'one:9092' }],
    [['--only', 'kcat,,millrace'], { only: ['kcat', 'millrace'] }],
    [
      ['--compression', 'zstd', '--compression-level', '3'],
      { settings: { compression: { codec: 'zstd', level: 3 } } },
    ],
    [['--no-record'], { record: false }],
  ])('%j', (args, options) => {
    expect(readOptions(args)).toMatchObject(options)
  })

  test.each([
    [['--kafka', '--brokers', 'one:9092'], '--kafka and --brokers exclude each other'],
    [['--pairs', '0'], '--pairs takes a whole number from 1, not 0'],
    [['--compression', 'brotli'], '--compression takes none, gzip, snappy, lz4, zstd, not brotli'],
    [['--peers', 'kcat'], "Unknown option '--peers'"],
  ])('%j is refused', (args, message) => {
    expect(() => readOptions(args)).toThrow(message)
  })
})
