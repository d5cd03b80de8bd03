import { afterEach, expect, test } from 'vitest'
import { MillraceError } from '../../src/errors.ts'
import { entryBeside, scriptFor } from '../../src/workers/entry.ts'
import { Thread } from '../../src/workers/thread.ts'
import type { Deed, ServingTalk } from '../support/fixtures/serving-worker.ts'

const entry = new URL('../support/fixtures/serving-worker.ts', import.meta.url)
const threads: Thread<ServingTalk>[] = []
afterEach(async () => {
  await Promise.all(threads.splice(0).map(thread => thread.terminate()))
})

function start(deed: Deed) {
  const told: ServingTalk['progress'][] = []
  const thread = new Thread<ServingTalk>(
    entry,
    { deed },
    {
      progress: progress => told.push(progress),
      async answer({ ask }) {
        if (ask === 'bad') throw new MillraceError('UNKNOWN_TOPIC', 'not that')
        return { reply: `re ${ask}` }
      },
    },
  )
  threads.push(thread)
  const said = () => told.map(({ said }) => said)
  return { thread, told, said }
}

test('tells its progress, errors as errors, and is done', async () => {
  const { thread, told } = start('tell')
  await thread.ended
  expect(told[0]).toEqual({ said: 'begun' })
  expect(told[1]?.error).toBeInstanceOf(MillraceError)
  expect(told[1]?.error).toMatchObject({ code: 'USAGE', message: 'told. Hint', hint: 'Hint' })
})

test('asks, and each question gets its own answer or error', async () => {
  const { thread, said } = start('ask')
  await thread.ended
  expect(said()).toEqual(['begun', ['re one', 'UNKNOWN_TOPIC not that', 're two']])
})

test('hears that it is to finish, and then to abort', async () => {
  const { thread, said } = start('wait')
  await expect.poll(() => said().length, { timeout: 20_000 }).toBe(1)
  thread.stop('finish')
  await expect.poll(said).toEqual(['begun', 'finish false'])
  thread.stop('abort')
  await thread.ended
  expect(said()).toEqual(['begun', 'finish false', 'abort'])
})

test.each([
  ['throw', 'THREAD_DIED', /died: thrown on purpose$/],
  ['exit', 'THREAD_DIED', /died: it ended with code 7$/],
  ['refuse', 'BAD_RECORD', /^thrown as one of ours$/],
] as const)('ends in the middle: %s', async (deed, code, message) => {
  const { thread, said } = start(deed)
  const error = await thread.ended.then(
    () => undefined,
    error => error,
  )
  expect(error).toBeInstanceOf(MillraceError)
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
  // what it said before is heard before
  expect(said()).toEqual(['begun'])
})

test('is ended in the midst of its work', async () => {
  const { thread, said } = start('spin')
  await expect.poll(() => said().length, { timeout: 20_000 }).toBe(1)
  const ended = expect(thread.ended).rejects.toMatchObject({ code: 'THREAD_DIED' })
  await thread.terminate()
  await ended
})

test('the entry is compiled where the importer is', () => {
  expect(entryBeside('file:///x/dist/load/threads.js', 'load-thread').href).toBe(
    'file:///x/dist/load/load-thread.js',
  )
  expect(scriptFor(new URL('file:///x/dist/load/load-thread.js')).href).toBe(
    'file:///x/dist/load/load-thread.js',
  )
  expect(entryBeside('file:///x/src/load/threads.ts', 'load-thread').href).toBe(
    'file:///x/src/load/load-thread.ts',
  )
})
