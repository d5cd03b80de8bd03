import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Contender } from '../../bench/comparison/contenders.ts'
import { figuresOf } from '../../bench/comparison/figures.ts'
import { readOptions } from '../../bench/comparison/options.ts'
import { compare } from '../../bench/comparison/rounds.ts'
import type { DriverName } from '../../bench/peers/catalogue.ts'
import { Absent } from '../../bench/peers/install.ts'
import { embedded } from '../../bench/support/where.ts'

const tiny = fileURLToPath(new URL('fixtures/tiny-driver.mjs', import.meta.url))

function contender(name: string, variant: string, driver: DriverName = 'millrace'): Contender {
  return { name, title: name, driver, variant }
}

async function find(driver: DriverName) {
  if (driver === 'ceiling') throw new Absent('there is no ceiling here')
  return { path: process.execPath, args: [tiny] }
}

test('one that cannot be had, one that dies and one that lies stop none of the others', async () => {
  const contenders = [
    contender('gone', '', 'ceiling'),
    contender('not for this cluster', '', 'franz-go'),
    contender('dies', 'dies'),
    contender('first', 'honest'),
    contender('lies', 'lies'),
    contender('second', 'honest'),
  ]
  const told: string[] = []
  const options = readOptions(['--pairs', '2', '--seconds', '1'])
  const { absent, rounds, subjects, polling } = await compare(
    contenders,
    options,
    embedded,
    text => told.push(text),
    find,
  )

  expect(absent).toEqual([
    { name: 'gone', reason: 'there is no ceiling here' },
    { name: 'not for this cluster', reason: expect.stringContaining('ApiVersions') },
  ])
  expect(polling).toBeNull()
  expect(Object.keys(subjects)).toEqual(['dies', 'first', 'lies', 'second'])
  expect(rounds.map(round => Object.keys(round))).toEqual([
    ['dies', 'first', 'lies', 'second'],
    ['second', 'lies', 'first', 'dies'],
  ])
  const figures = contenders.slice(2).map(contender => figuresOf(contender, rounds))
  expect(figures.map(({ valid }) => valid)).toEqual([0, 2, 0, 2])
  expect(figures[0]?.void).toEqual([
    { round: 1, reason: expect.stringContaining('exit code 7') },
    { round: 2, reason: expect.stringContaining('exit code 7') },
  ])
  expect(figures[2]?.void[0]?.reason).toContain('end offsets moved by 300')
  expect(told).toContainEqual('gone is absent: there is no ceiling here')
  // nine clusters one after the other
}, 120_000)

test('where the polling cannot be chosen, the trials go on with one', async () => {
  const options = readOptions(['--pairs', '1', '--seconds', '1', '--tries', '1'])
  const told: string[] = []
  const dead = async () => ({ path: process.execPath, args: ['-e', 'process.exit(3)'] })
  const polled = [contender('polled', 'best')]
  const { polling, rounds } = await compare(polled, options, embedded, text => told.push(text), dead)
  expect(polling).toBeNull()
  expect(rounds).toEqual([{ polled: { void: expect.stringContaining('millrace inline is void') } }])
  expect(told[0]).toContain('the polling of polled was not chosen')
}, 60_000)
