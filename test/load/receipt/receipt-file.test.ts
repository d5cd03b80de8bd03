import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { MillraceError } from '../../../src/errors.ts'
import { lineWriter, type ReceiptLine, readReceipt } from '../../../src/load/receipt/format.ts'
import { byAddon, byCommand } from '../../../src/load/receipt/lock.ts'
import { ReceiptFile } from '../../../src/load/receipt/receipt-file.ts'
import { useFiles } from '../../cli/harness.ts'
import { chunk, header } from './support.ts'

const write = useFiles()
const line = await lineWriter()
const opened: ReceiptFile[] = []
const children: ChildProcess[] = []

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await Promise.all(opened.splice(0).map(file => file.close()))
})

/** A path at which there is nothing yet. */
function fresh(name: string): string {
  const path = write(name, '')
  rmSync(path)
  return path
}

async function create(path: string, before?: () => Promise<void>): Promise<ReceiptFile> {
  const file = await ReceiptFile.create(path, header())
  if (before !== undefined) file.before = before
  opened.push(file)
  return file
}

async function open(path: string): Promise<ReceiptFile> {
  const file = await ReceiptFile.open(path)
  opened.push(file)
  return file
}

async function linesOf(path: string): Promise<ReceiptLine[]> {
  const lines: ReceiptLine[] = []
  const { header } = await readReceipt(path, seen => lines.push(seen))
  return [header as ReceiptLine, ...lines]
}

test('the header is there when the file is, and lines follow in their order', async () => {
  const path = fresh('new')
  const file = await create(path)
  expect(await linesOf(path)).toEqual([header()])
  const lines = Array.from({ length: 200 }, (_, n) => chunk({ chunk: n }))
  await Promise.all(lines.map(one => file.append(one)))
  expect(await linesOf(path)).toEqual([header(), ...lines])
})

test('a receipt that is there is not overwritten, and both ways out are told', async () => {
  const path = write('there', 'something else\n')
  const refusal = await create(path).catch((error: unknown) => error as MillraceError)
  expect(refusal).toBeInstanceOf(MillraceError)
  expect(refusal).toMatchObject({
    code: 'RECEIPT_UNFIT',
    hint: expect.stringMatching(/resume: true.*receipt: false/),
  })
  expect(readFileSync(path, 'utf8')).toBe('something else\n')
})

test('what a crash left is cut back, and lines go on behind it', async () => {
  const whole = Buffer.concat([line(header()), line(chunk({ chunk: 1 }))])
  const path = write('torn', Buffer.concat([whole, Buffer.from('0123456789')]))
  const file = await open(path)
  const { wholeBytes } = await readReceipt(path, () => {})
  expect(wholeBytes).toBe(whole.length)
  await file.cut(wholeBytes)
  await file.append(chunk({ chunk: 3 }))
  expect(await linesOf(path)).toEqual([header(), chunk({ chunk: 1 }), chunk({ chunk: 3 })])
})

test('before lines are written, what they speak of is', async () => {
  const path = fresh('before')
  const sizes: number[] = []
  const file = await create(path, async () => {
    sizes.push(readFileSync(path).length)
  })
  const empty = readFileSync(path).length
  await file.append(chunk())
  await file.append(chunk({ chunk: 1 }))
  expect(sizes).toEqual([empty, empty + line(chunk()).length])
})

test('when what precedes a line fails, neither it nor any later line is written', async () => {
  const path = fresh('after failure')
  const file = await create(path, async () => {
    throw new MillraceError('RECEIPT_FAILED', 'the disk is gone')
  })
  await expect(file.append(chunk())).rejects.toMatchObject({
    code: 'RECEIPT_FAILED',
    message: 'the disk is gone',
  })
  await expect(file.append(chunk())).rejects.toMatchObject({ code: 'RECEIPT_FAILED' })
  expect(await linesOf(path)).toEqual([header()])
})

test.each([
  ['in a folder that is not there', '/does/not/exist/receipt'],
  ['on a device without space', '/dev/full'],
])('a receipt %s', async (_name, path) => {
  const made = path === '/dev/full' ? open(path).then(file => file.begin(header())) : create(path)
  await expect(made).rejects.toMatchObject({ code: 'RECEIPT_FAILED' })
})

test('a second one of the same process is refused while the first is open', async () => {
  const path = fresh('twice')
  const first = await create(path)
  await expect(open(path)).rejects.toMatchObject({ code: 'RECEIPT_UNFIT', message: /Another load/ })
  await first.close()
  await open(path)
})

const holder = fileURLToPath(new URL('../../support/fixtures/receipt-holder.ts', import.meta.url))

/** Another process that opens it. @returns what it says */
async function openElsewhere(path: string): Promise<{ said: string; child: ChildProcess }> {
  const child = spawn(process.execPath, ['--import', 'tsx', holder, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const [said] = await once(child.stdout as NodeJS.ReadableStream, 'data')
  return { said: String(said).trim(), child }
}

test('a lock keeps other processes out, and ends with its process even when that is killed', async () => {
  const path = write('locked', line(header()))
  const mine = await open(path)
  expect((await openElsewhere(path)).said).toBe('RECEIPT_UNFIT')
  await mine.close()
  const { said, child } = await openElsewhere(path)
  expect(said).toBe('locked')
  await expect(open(path)).rejects.toMatchObject({ code: 'RECEIPT_UNFIT' })
  child.kill('SIGKILL')
  await once(child, 'exit')
  await open(path)
})

test.each([
  ['the addon', byAddon, byCommand],
  ['the command', byCommand, byAddon],
])('what %s locks is locked for the other way, too', (_name, one, other) => {
  const path = write('two ways', '')
  const first = openSync(path, 'r+')
  const second = openSync(path, 'r+')
  try {
    expect(one(first)).toBe('locked')
    expect(other(second)).toBe('held')
    closeSync(first)
    expect(other(second)).toBe('locked')
  } finally {
    closeSync(second)
  }
})

test('what is no file is told', () => {
  expect(byAddon(99_999)).toMatchObject({ why: expect.stringMatching(/EBADF/) })
  writeFileSync(fresh('unused'), '')
})
