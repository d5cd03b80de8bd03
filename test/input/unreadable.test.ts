import { describe, expect, it } from 'vitest'
import { brokenError, unreadableError, whyUnreadable } from '../../src/input/unreadable.ts'

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as the system says it`), { code })
}

describe('whyUnreadable', () => {
  it.each([
    ['ENOENT', 'there is no such file', 'Check the path'],
    ['EACCES', 'this user may not read it', 'permission'],
    ['EPERM', 'this user may not read it', 'permission'],
    ['EISDIR', 'it is a directory', 'no/such/*'],
    ['ENOTDIR', 'a part of the path is a file', 'Check the path'],
    ['ELOOP', 'its symbolic links go round in a circle', 'file itself'],
    ['ENXIO', 'it is a socket', 'pipe'],
    ['EIO', 'reported an input/output error', 'copy'],
    ['EMFILE', 'EMFILE: as the system says it', 'cat'],
  ])('%s', (code, reason, hint) => {
    const problem = whyUnreadable('no/such', systemError(code))
    expect(problem).toEqual({
      input: 'no/such',
      reason: expect.stringContaining(reason),
      hint: expect.stringContaining(hint),
    })
  })

  it('takes whatever was thrown', () => {
    expect(whyUnreadable('a', 'text').reason).toBe('text')
  })
})

it('a list of problems names each, and that nothing was read', () => {
  const problems = ['a', '-'].map(input => ({ input, reason: `why ${input}`, hint: 'do this' }))
  const error = unreadableError(problems)
  expect(error).toMatchObject({ code: 'INPUT_UNREADABLE', context: { problems } })
  expect(error.message).toBe(
    '2 inputs cannot be read:\n  a: why a\n  standard input: why -. Nothing was read; correct these or leave them out',
  )
})

it('a failure in the middle names the byte and keeps its cause', () => {
  const cause = systemError('EIO')
  const error = brokenError(whyUnreadable('data.txt', cause), 4096, cause)
  expect(error).toMatchObject({ code: 'INPUT_UNREADABLE', cause, context: { input: 'data.txt', byte: 4096 } })
  expect(error.message).toContain('data.txt cannot be read beyond byte 4096')
})
