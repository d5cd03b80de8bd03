import { describe, expect, test } from 'vitest'
import { faultsOf, type TrialAccount } from '../../src/bench/account.ts'

const good: TrialAccount = {
  offered: 100,
  delivered: 100,
  failed: 0,
  possiblyPersisted: 0,
  acknowledged: 100,
  endOffsetsMoved: 100,
  transactionMarkers: 0,
  possibleMarkers: 0,
}
const failing = { ...good, delivered: 98, failed: 2, acknowledged: 98, endOffsetsMoved: 98 }

describe('faultsOf', () => {
  test.each<[string, TrialAccount, boolean, string[]]>([
    ['all delivered', good, false, []],
    [
      'end offsets short',
      { ...good, endOffsetsMoved: 99 },
      false,
      ['100 were delivered, but the end offsets moved by 99: 1 are missing'],
    ],
    [
      'end offsets beyond',
      { ...good, endOffsetsMoved: 101 },
      false,
      ["100 were delivered, but the end offsets moved by 101: 1 too many, duplicates or somebody else's"],
    ],
    [
      'a message that ended in no way',
      { ...good, offered: 101 },
      false,
      ['101 were offered, but 100 delivered and 0 failed'],
    ],
    [
      'a message that ended twice',
      { ...good, offered: 99 },
      false,
      ['99 were offered, but 100 delivered and 0 failed'],
    ],
    [
      'a call that did not tell',
      { ...good, acknowledged: 101 },
      false,
      ['the calls told of 100 deliveries, the producers counted 101'],
    ],
    ['failures', failing, false, ['2 of 100 messages were not delivered (no leader)']],
    ['failures that are allowed', failing, true, []],
    [
      'failures that are in the log all the same',
      { ...failing, possiblyPersisted: 2, endOffsetsMoved: 100 },
      true,
      [],
    ],
    [
      'more in the log than may be there of the failed',
      { ...failing, possiblyPersisted: 2, endOffsetsMoved: 101 },
      true,
      [
        "98 were delivered, but the end offsets moved by 101: 3 too many, of which 2 can be failed ones, duplicates or somebody else's",
      ],
    ],
    ['markers of its transactions', { ...good, endOffsetsMoved: 108, transactionMarkers: 8 }, false, []],
    [
      'a message that a marker stands for',
      { ...good, endOffsetsMoved: 107, transactionMarkers: 8 },
      false,
      ['100 were delivered, but the end offsets moved by 107, 8 of that for transactions: 1 are missing'],
    ],
    ['markers that may be there', { ...good, endOffsetsMoved: 102, possibleMarkers: 2 }, true, []],
    [
      'more than these',
      { ...good, endOffsetsMoved: 103, possibleMarkers: 2 },
      true,
      [
        "100 were delivered, but the end offsets moved by 103: 3 too many, of which 2 can be failed ones, duplicates or somebody else's",
      ],
    ],
  ])('%s', (_, account, allowFailures, expected) => {
    expect(faultsOf(account, { allowFailures, firstFailure: 'no leader' })).toEqual(expected)
  })
})
