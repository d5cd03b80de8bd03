import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type catalogue, peerOf } from '../../bench/peers/catalogue.ts'
import { batchOf, defaultSettings, outstandingOf, type Settings } from '../../bench/peers/settings.ts'

const settings: Settings = {
  lingerMs: 7,
  batchBytes: 500_000,
  batchMessages: 4000,
  requestsInFlight: 3,
  acks: 'all',
  idempotence: true,
  compression: { codec: 'zstd', level: 6 },
  messages: 30_000,
  bytes: 8 * 1024 * 1024,
}

const librdkafka = {
  'enable.idempotence': true,
  acks: 'all',
  partitioner: 'murmur2_random',
  'compression.type': 'zstd',
  'compression.level': 6,
  'linger.ms': 7,
  'batch.size': 500_000,
  'batch.num.messages': 4000,
  'max.in.flight.requests.per.connection': 3,
  'queue.buffering.max.messages': 30_000,
  'queue.buffering.max.kbytes': 8192,
}

const golden = {
  millrace: librdkafka,
  ceiling: librdkafka,
  threads: librdkafka,
  'millrace-produce': librdkafka,
  'node-rdkafka': librdkafka,
  'node-rdkafka-no-reports': librdkafka,
  'confluent-javascript': librdkafka,
  'confluent-python': librdkafka,
  kcat: librdkafka,
  'rdkafka-performance': {
    ...librdkafka,
    'message.send.max.retries': 2_147_483_647,
    'retry.backoff.ms': 100,
  },
  java: {
    'enable.idempotence': true,
    acks: 'all',
    'compression.type': 'zstd',
    'compression.zstd.level': 6,
    'linger.ms': 7,
    'batch.size': 500_000,
    'max.request.size': 1_048_576,
    'max.in.flight.requests.per.connection': 3,
    'buffer.memory': 8_388_608,
  },
  'franz-go': {
    acks: 'all',
    idempotence: true,
    compression: 'zstd',
    compressionLevel: 6,
    lingerMs: 7,
    batchBytes: 500_000,
    requestsInFlight: 3,
    bufferedRecords: 30_000,
    bufferedBytes: 8_388_608,
  },
  kafkajs: { idempotent: true, acks: -1, maxInFlightRequests: 3, compression: 'zstd' },
  platformatic: { idempotent: true, acks: -1, maxInflights: 3, compression: 'zstd' },
} satisfies Record<keyof typeof catalogue, object>

describe('the settings by each client’s own names', () => {
  test.each(Object.entries(golden))('%s', (name, expected) => {
    expect(peerOf(name as keyof typeof catalogue).properties(settings)).toEqual(expected)
  })

  test('a level that is not asked for is left to the client', () => {
    for (const name of Object.keys(golden)) {
      const properties = peerOf(name as keyof typeof catalogue).properties(defaultSettings)
      expect(Object.keys(properties).filter(name => /level/i.test(name))).toEqual([])
    }
  })

  test.each([
    ['kafkajs', { codec: 'none', level: null }, undefined],
    ['kafkajs', { codec: 'gzip', level: null }, undefined],
    ['kafkajs', { codec: 'gzip', level: 5 }, 'it has no codec but gzip, without levels'],
    ['kafkajs', { codec: 'zstd', level: null }, 'it has no codec but gzip, without levels'],
    ['platformatic', { codec: 'zstd', level: null }, undefined],
    ['platformatic', { codec: 'zstd', level: 3 }, 'its codecs take no level'],
    ['millrace', { codec: 'zstd', level: 3 }, undefined],
  ] as const)('%s with %j', (name, compression, reason) => {
    expect(peerOf(name).cannot?.({ ...defaultSettings, compression })).toBe(reason)
  })
})

describe('what follows from the size of messages', () => {
  test.each([
    [100, 8000, 100_000],
    [1024, 954, 65_536],
    [10, 10_000, 100_000],
    [2_000_000, 1, 33],
  ])('%i bytes: turns of %i, %i on their way', (size, turn, outstanding) => {
    expect(batchOf(defaultSettings, size)).toBe(turn)
    expect(outstandingOf(defaultSettings, size)).toBe(outstanding)
  })

  test('a turn fits into a batch, by bytes and by number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 900_000 }), fc.integer({ min: 1, max: 50_000 }), (size, most) => {
        const turn = batchOf({ ...defaultSettings, batchMessages: most }, size)
        expect(turn).toBeGreaterThanOrEqual(1)
        expect(turn).toBeLessThanOrEqual(most)
        expect(turn * size).toBeLessThanOrEqual(defaultSettings.batchBytes)
      }),
    )
  })
})
