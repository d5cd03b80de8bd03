import { expect, test } from 'vitest'
import { DeliveryError, type Fault, MillraceError } from '../../src/errors.ts'
import { type Verdict, verdict } from '../../src/load/verdict.ts'

function failed(kafkaName: string, fault: Fault, possiblyPersisted: boolean, code = 'DELIVERY_FAILED') {
  const fields = {
    kafkaCode: 1,
    kafkaName,
    retriable: false,
    possiblyPersisted,
    fault,
    topic: 't',
    partition: 0,
  }
  return new DeliveryError(code as 'DELIVERY_FAILED', kafkaName, fields)
}

test.each<[string, MillraceError, Verdict]>([
  ['invalid before it is accepted', new MillraceError('INVALID_MESSAGE', ''), 'reject'],
  ['what the engine cannot carry', new MillraceError('UNSUPPORTED_MESSAGE', ''), 'reject'],
  ['too large for the client', failed('MSG_SIZE_TOO_LARGE', 'record', false, 'MESSAGE_TOO_LARGE'), 'reject'],
  ['a record of the batch', failed('INVALID_RECORD', 'record', false), 'suspect'],
  ['too large for the topic', failed('MSG_SIZE_TOO_LARGE', 'record', false), 'suspect'],
  ['a bad timestamp', failed('INVALID_TIMESTAMP', 'record', false), 'suspect'],
  ['another record of the batch', failed('_INVALID_DIFFERENT_RECORD', 'record', false), 'neighbour'],
  ['a record of the batch, but who knows', failed('INVALID_RECORD', 'record', true), 'failed'],
  ['not authorized', failed('TOPIC_AUTHORIZATION_FAILED', 'cluster', false), 'wait'],
  [
    'not taken, since not authorized',
    failed('TOPIC_AUTHORIZATION_FAILED', 'cluster', false, 'REQUEST_FAILED'),
    'wait',
  ],
  ['no such topic any more', failed('_UNKNOWN_TOPIC', 'cluster', false, 'UNKNOWN_TOPIC'), 'wait'],
  ['timed out unsent', failed('_MSG_TIMED_OUT', 'cluster', false), 'wait'],
  ['timed out, perhaps written', failed('_MSG_TIMED_OUT', 'cluster', true), 'failed'],
  ['dropped by close', failed('_PURGE_QUEUE', 'cluster', false), 'unsent'],
  ['dropped by close on its way', failed('_PURGE_INFLIGHT', 'cluster', true), 'failed'],
  ['fatal', failed('OUT_OF_ORDER_SEQUENCE_NUMBER', 'cluster', true), 'fatal'],
  ['refused by a producer that is done', failed('_FATAL', 'cluster', false, 'PRODUCER_FATAL'), 'fatal'],
  ['a producer that is done', new MillraceError('PRODUCER_FATAL', ''), 'fatal'],
])('%s', (_name, error, expected) => {
  expect(verdict(error)).toBe(expected)
})
