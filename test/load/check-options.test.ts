import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { load, MillraceError } from '../../src/index.ts'
import { useFiles } from '../cli/harness.ts'

const file = useFiles()
const path = file('data.ndjson', '{}\n')
const plain = { files: [path], topic: 'x' }
const stdin = new PassThrough()

/** What a load is given, the option that is wrong, and what is said. */
const sad: readonly [given: object | null, option: string | undefined, says: RegExp][] = [
  [null, undefined, /options as an object, not null/],
  [{ ...plain, topc: 'y' }, 'topc', /no option topc. Did you mean topic\?/],
  [{ ...plain, zzzzzz: 1 }, 'zzzzzz', /no option zzzzzz/],
  // where records come from
  [{ topic: 'x' }, 'files', /files is missing/],
  [{ topic: 'x', files: [] }, 'files', /files is missing/],
  [{ ...plain, files: path }, 'files', /files is ".*data.ndjson". Give a list of strings/],
  [{ ...plain, files: [1] }, 'files', /files is a list. Give a list of strings/],
  [{ ...plain, files: ['-'] }, 'stdin', /files has '-', and stdin is missing/],
  [{ ...plain, stdin }, 'stdin', /stdin was given, but files has no place for it/],
  [{ topic: 'x', stdin: 'text' }, 'stdin', /stdin is "text". Give a Readable/],
  // where they go
  [{ files: [path] }, 'topic', /topic is missing. Name it with topic, or have .* topicField/],
  [{ files: [path], topic: '' }, 'topic', /topic is empty/],
  [{ files: [path], topic: 'a b' }, 'topic', /"a b"/],
  [{ files: [path], topic: 5 }, 'topic', /topic is a number/],
  [{ ...plain, createTopic: 3 }, 'createTopic', /createTopic is 3. Give an object of partitions/],
  [{ ...plain, createTopic: { partitions: 0 } }, 'createTopic', /createTopic.partitions is 0/],
  [{ ...plain, createTopic: { partition: 1 } }, 'createTopic', /createTopic has no partition/],
  [{ files: [path], topicField: 't', createTopic: true }, 'createTopic', /the records name theirs/],
  [{ ...plain, partition: -1 }, 'partition', /partition is -1. Give a whole number from 0/],
  [{ ...plain, partition: 'all' }, 'partition', /partition is "all"/],
  // what they say
  [{ ...plain, key: 'a', keyField: 'b' }, 'key', /^key and keyField were given together/],
  [{ ...plain, topicField: 't' }, 'topic', /^topic and topicField were given together/],
  [{ ...plain, partition: 1, partitionField: 'p' }, 'partition', /^partition and partitionField/],
  [{ ...plain, valueField: 'v', csvValues: 'json' }, 'valueField', /^valueField and csvValues/],
  [{ ...plain, key: 7 }, 'key', /key is a number/],
  [{ ...plain, key: '\ud800' }, 'key', /half of a surrogate pair/],
  [{ ...plain, headers: 'h=1' }, 'headers', /headers hold/],
  [{ ...plain, headers: { h: 1 } }, 'headers', /header h is a number/],
  [{ ...plain, headerFields: ['h'] }, 'headerFields', /headerFields is a list/],
  [{ ...plain, headerFields: { h: 1 } }, 'headerFields', /headerFields is an object/],
  [{ ...plain, keyField: 1 }, 'keyField', /keyField is 1. Give a string/],
  [{ ...plain, format: 'xml' }, 'format', /format is "xml". Give one of 'auto'/],
  [{ ...plain, decompress: 'zip' }, 'decompress', /decompress is "zip"/],
  [{ ...plain, delimiter: 10 }, 'delimiter', /delimiter is 10. Give a string or a Uint8Array/],
  [{ ...plain, delimiter: ';' }, 'delimiter', /read as ndjson, which has no delimiter/],
  [{ ...plain, format: 'lines', delimiter: '' }, 'delimiter', /delimiter is empty/],
  [{ ...plain, format: 'csv', columns: 'a,b' }, 'columns', /columns is "a,b"/],
  [{ ...plain, skipBlank: 'yes' }, 'skipBlank', /skipBlank is "yes". Give true or false/],
  [{ ...plain, nullValue: null }, 'nullValue', /nullValue is null/],
  // how
  [{ ...plain, rate: '100' }, 'rate', /rate is "100". Give a number from 0.001/],
  [{ ...plain, rateBytes: 0 }, 'rateBytes', /rateBytes is 0/],
  [{ ...plain, limit: 1.5 }, 'limit', /limit is 1.5. Give a whole number/],
  [{ ...plain, loops: 0 }, 'loops', /loops is 0/],
  [{ ...plain, producers: Number.NaN }, 'producers', /producers is NaN/],
  [{ ...plain, threads: 1000 }, 'threads', /threads is 1000. Give a whole number from 1 to 256/],
  [{ ...plain, threads: 2, engine: 'callback' }, 'threads', /see with engine: 'batch' why/],
  [{ ...plain, engine: 'warp' }, 'engine', /engine is "warp"/],
  [{ ...plain, stallTimeoutMs: 60 }, 'stallTimeoutMs', /stallTimeoutMs is 60. .* from 1000/],
  [{ ...plain, drainTimeoutMs: -1 }, 'drainTimeoutMs', /drainTimeoutMs is -1/],
  [{ ...plain, progressIntervalMs: 0 }, 'progressIntervalMs', /progressIntervalMs is 0/],
  [{ ...plain, signal: {} }, 'signal', /signal is an object/],
  [{ ...plain, onWarning: true }, 'onWarning', /onWarning is true. Give a function/],
  [{ ...plain, allowExpired: 1 }, 'allowExpired', /allowExpired is 1/],
  [{ ...plain, embedded: true }, 'embedded', /embedded is true. Give an EmbeddedCluster/],
  // bad records
  [{ ...plain, onBadRecord: 'ignore' }, 'onBadRecord', /onBadRecord is "ignore"/],
  [{ ...plain, onBadRecord: 'dead-letter' }, 'deadLetter', /Name one with deadLetter: 'FILE'/],
  [{ ...plain, onBadRecord: 'skip', deadLetter: 'f' }, 'onBadRecord', /onBadRecord is skip/],
  [{ ...plain, deadLetter: '' }, 'deadLetter', /deadLetter is empty/],
  [{ ...plain, maxRejected: { count: 1 } }, 'maxRejected', /Give onBadRecord: 'skip'/],
  [{ ...plain, onBadRecord: 'skip', maxRejected: 1 }, 'maxRejected', /maxRejected is 1/],
  [{ ...plain, onBadRecord: 'skip', maxRejected: {} }, 'maxRejected', /maxRejected has nothing/],
  [
    { ...plain, onBadRecord: 'skip', maxRejected: { count: 1, percent: 1 } },
    'maxRejected',
    /has count and percent/,
  ],
  [{ ...plain, onBadRecord: 'skip', maxRejected: { percent: 101 } }, 'maxRejected', /percent is 101/],
  // receipts
  [{ ...plain, receipt: true }, 'receipt', /receipt is true. Give a path, or false/],
  [{ ...plain, receipt: '' }, 'receipt', /receipt is empty/],
  [{ ...plain, receipt: path }, 'receipt', /both an input and the receipt. .* with receipt, or/],
  [{ ...plain, resume: 'all' }, 'resume', /resume is "all". Give one of true, false, 'ordered', 'gaps'/],
  [{ ...plain, receipt: false, resume: true }, 'resume', /receipt: false and resume were given together/],
  [{ topic: 'x', stdin, resume: true }, 'resume', /which receipt is meant/],
]

test.each(sad)('%j', async (given, option, says) => {
  const error = await load({ 'bootstrap.servers': 'h:1' }, given as never).result.catch(
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(MillraceError)
  expect(error).toMatchObject({ code: 'USAGE', message: expect.stringMatching(says) })
  expect((error as MillraceError).message).not.toMatch(/--[a-z]/)
  expect((error as MillraceError).hint).toBeTruthy()
  expect((error as MillraceError).context.option).toBe(option)
})

describe('undefined is as if it was not there', () => {
  test.each(['key', 'files', 'signal', 'maxRejected'])('%s', async option => {
    const given = { ...plain, [option]: undefined, rate: -1 }
    await expect(load({ 'bootstrap.servers': 'h:1' }, given as never).result).rejects.toMatchObject({
      context: { option: 'rate' },
    })
  })
})
