// Whatever JavaScript passes to the addon, changes beneath it, or ends at a bad moment: errors that can be handled, or
// messages that arrive; never a crash. Each runs in a process of its own, which a crash would take down.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadClient } from '../../src/client/load.ts'
import { loadBinding } from '../../src/engine/binding.ts'
import { build, ended, whyNot } from '../native/sanitized.ts'
import { endings, ways } from '../support/fixtures/crash/ends.ts'
import { stage } from '../support/fixtures/crash/stage.ts'
import { skipBecause } from '../support/skip-reason.ts'

const RUN_MS = 180_000

let folder: string
let main: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-crash-'))
  loadClient()
  main = await stage(folder, loadBinding().path)
}, RUN_MS)
afterAll(() => rm(folder, { recursive: true, force: true }))

async function passes(scenario: string, seed: number): Promise<void> {
  const { code, signal, output } = await ended(process.execPath, [
    '--expose-gc',
    main,
    scenario,
    String(seed),
  ])
  const said = code === 0 ? '' : output.slice(-3000)
  expect({ code, signal, said }).toEqual({ code: 0, signal: null, said: '' })
}

const seed = 1 + (Date.now() % 100_000)

test.each([
  ['wrong types in every call', 'types'],
  ['buffers detached, transferred, shrunk or grown, before and meanwhile', 'buffers'],
  ['ranges that do not fit', 'ranges'],
  ['every method after close', 'closed'],
  ['tokens forged or stale', 'tokens'],
  ['shared memory changed meanwhile', 'shared'],
  ['getters that throw, send or close', 'getters'],
])('%s', (_, scenario) => passes(scenario, seed), RUN_MS)

test(`workers terminated at any moment, seed ${seed}`, () => passes('workers', seed), RUN_MS)

test(`workers lose the memory that they have lent, seed ${seed}`, () => passes('lent', seed), RUN_MS)

test(`the addon's functions with anything at any place, seed ${seed}`, () => passes('raw', seed), RUN_MS)

describe('the process ends with messages in flight', () => {
  // four of each
  test.each(ways)(
    '%s',
    async way => {
      const first = seed - (seed % ways.length) + ways.indexOf(way)
      const seeds = [0, 1, 2, 3].map(n => first + n * ways.length)
      const all = await Promise.all(seeds.map(one => ended(process.execPath, [main, 'ends', String(one)])))
      const as = endings[way]
      for (const [n, { code, signal, output }] of all.entries()) {
        const said = `seed ${seeds[n]}: ${output.slice(-1000)}`
        expect([code, signal], said).toEqual(typeof as === 'number' ? [as, null] : [null, as])
      }
    },
    RUN_MS,
  )
})

describe('Node with the addon under AddressSanitizer', whySkipped(), () => {
  beforeAll(() => build('address', 'addon'), 300_000)

  test(
    `all of it at random, seed ${seed}`,
    async () => {
      const args = ['test/native/torture.mjs', '--seconds', '10', '--seed', String(seed)]
      const { code, output } = await ended(process.execPath, args)
      expect({ code, said: code === 0 ? '' : output.slice(-3000) }).toEqual({ code: 0, said: '' })
    },
    RUN_MS,
  )
})

function whySkipped(): object {
  const reason = whyNot('address')
  return reason === undefined ? {} : skipBecause(reason)
}
