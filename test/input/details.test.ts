import { describe, expect, it } from 'vitest'
import { NotThat, partitionOf, timestampOf, topicOf } from '../../src/input/details.ts'

describe('a timestamp', () => {
  const noon = Date.UTC(2026, 10, 1, 12)
  it.each<[string | null, number | undefined]>([
    [String(noon), noon],
    ['1', 1],
    ['2026-11-01', Date.UTC(2026, 10, 1)],
    ['2026-11-01T12:00Z', noon],
    ['2026-11-01T12:00:00Z', noon],
    ['2026-11-01t12:00:00.123456789z', noon + 123],
    ['2026-11-01 12:00:00,5+00', noon + 500],
    ['2026-11-01T13:30:00+01:30', noon],
    ['2026-11-01T06:00:00-0600', noon],
    [null, undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    expect(timestampOf(text === null ? null : Buffer.from(text))).toBe(expected)
  })

  it.each([
    '0',
    '-1',
    '1.5',
    'now',
    '2026-11-01T12:00:00',
    '2026-13-01',
    '2026-02-30',
    '2026-02-30T00:00Z',
    '1969-12-31',
    '99999999999999999999',
    '2026-11-01T25:00Z',
    '\xff',
  ])('%s is none', text => {
    expect(() => timestampOf(Buffer.from(text, 'latin1'))).toThrow(NotThat)
  })
})

describe('a partition', () => {
  it.each<[string | null, number | undefined]>([
    ['0', 0],
    ['2147483647', 2147483647],
    [null, undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    expect(partitionOf(text === null ? null : Buffer.from(text))).toBe(expected)
  })

  it.each(['-1', '1.0', '2147483648', 'x', ' 1'])('%s is none', text => {
    expect(() => partitionOf(Buffer.from(text))).toThrow(NotThat)
  })
})

describe('a topic', () => {
  it('is a name', () => expect(topicOf(Buffer.from('a.b-C_1'))).toBe('a.b-C_1'))

  it.each([null, '', '.', '..', 'a b', 'é', 'x'.repeat(250)])('%s is none', text => {
    expect(() => topicOf(text === null ? null : Buffer.from(text))).toThrow(NotThat)
  })
})
