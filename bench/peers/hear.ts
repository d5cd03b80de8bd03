import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { livesNoLonger } from './adapters/lives-no-longer.ts'
import { events, monotonicMs, type Result, readSaid, type Said, type Task, VoidTrial } from './protocol.ts'

/** How a driver is started. */
export interface Command {
  readonly path: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** For how long a driver is waited for. */
export interface Patience {
  readonly readyMs: number
  /** From when it was ready to its result. */
  readonly resultMs: number
  /** From its result, or from when it was given up, to its end; it is killed then. */
  readonly endMs: number
}

/** What a driver said, and when. */
export interface Heard {
  readonly readyAt: number
  readonly startAt: number
  readonly lastAcknowledgementAt: number
  readonly result: Result
}

/** Between what a driver calls now and when it is heard here; more is another clock, or a lie. */
const CLOCK_TOLERANCE_MS = 2000
const KEPT_BYTES = 2000

/**
 * Runs a driver and hears it out; it has ended then.
 * @throws VoidTrial with the reason where it did not keep to the protocol
 */
export async function hear(command: Command, task: Task, patience: Patience): Promise<Heard> {
  const child = spawn(command.path, [...command.args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
  })
  const forget = livesNoLonger(child)
  const complaints = tail(child)
  const ended = howItEnds(child)
  const limits = new Limits(child, patience)
  try {
    // one that died has no ears; its end is told below
    child.stdin.on('error', () => {})
    child.stdin.write(`${JSON.stringify(task)}\n`)
    return await listen(child, limits)
  } catch (error) {
    limits.giveUp()
    if (error instanceof VoidTrial) throw error
    const how = limits.passed ?? (await ended)
    throw new VoidTrial(`${how} before it said "${(error as Silence).missing}"${complaints()}`)
  } finally {
    limits.ending()
    // what nobody reads would keep its end from being told
    child.stdout.resume()
    await ended
    limits.done()
    forget()
  }
}

/** It went before it had said all. */
class Silence extends Error {
  readonly missing: string

  constructor(missing: string) {
    super(missing)
    this.missing = missing
  }
}

async function listen(child: ChildProcess, limits: Limits): Promise<Heard> {
  const at: number[] = []
  let result: Result | undefined
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const said = readSaid(line)
    if (said.event === 'error') throw new VoidTrial(said.error)
    const expected = events[at.length]
    if (said.event !== expected) throw new VoidTrial(`it said "${said.event}" where "${expected}" was due`)
    checkClock(said, at.at(-1))
    at.push(said.at)
    if (said.event === 'ready') limits.ready()
    if (said.event !== 'result') continue
    result = said
    break
  }
  const [readyAt, startAt, lastAcknowledgementAt] = at
  if (result === undefined) throw new Silence(events[at.length] ?? 'result')
  const heard = { readyAt, startAt, lastAcknowledgementAt, result } as Heard
  checkWindow(heard)
  return heard
}

function checkClock({ event, at }: Said, before = Number.NEGATIVE_INFINITY): void {
  const off = at - monotonicMs()
  if (Math.abs(off) > CLOCK_TOLERANCE_MS) {
    throw new VoidTrial(`its clock is off: "${event}" was ${(off / 1000).toFixed(1)} s from now`)
  }
  if (at < before) throw new VoidTrial(`its clock went back before "${event}"`)
}

function checkWindow({ startAt, lastAcknowledgementAt, result: { window, delivered } }: Heard): void {
  if (window === null || window === 'too soon') return
  const { from, to } = window
  if (!(from >= startAt && to > from && to <= lastAcknowledgementAt)) {
    throw new VoidTrial('its window is not between its start and its last acknowledgement')
  }
  if (!(window.delivered > 0 && window.delivered <= delivered)) {
    throw new VoidTrial(
      `${window.delivered} of ${delivered} messages cannot have been acknowledged in its window`,
    )
  }
}

/** Ends a driver that is over its time. */
class Limits {
  /** Which limit it passed. */
  passed: string | undefined
  readonly #child: ChildProcess
  readonly #patience: Patience
  #timer: NodeJS.Timeout

  constructor(child: ChildProcess, patience: Patience) {
    this.#child = child
    this.#patience = patience
    this.#timer = this.#after(patience.readyMs)
  }

  ready(): void {
    this.#next(this.#patience.resultMs)
  }

  /** It has so long to end by itself. */
  ending(): void {
    this.#next(this.#patience.endMs, () => this.#child.kill('SIGKILL'))
  }

  /** Its standard input ends: what it has started itself, it ends then. */
  giveUp(): void {
    this.#child.stdin?.end()
  }

  done(): void {
    clearTimeout(this.#timer)
  }

  #next(ms: number, then?: () => void): void {
    this.done()
    this.#timer = then === undefined ? this.#after(ms) : setTimeout(then, ms)
  }

  #after(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.passed = `it was given up after ${ms / 1000} s,`
      this.giveUp()
      // ends the reading of what it says, too
      this.#next(this.#patience.endMs, () => this.#child.kill('SIGKILL'))
    }, ms)
  }
}

function howItEnds(child: ChildProcess): Promise<string> {
  return new Promise(resolve => {
    child.once('error', error => resolve(`it could not be started (${error.message})`))
    child.once('close', (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}`))
  })
}

/** The last of what it wrote to standard error. */
function tail(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (more: string) => {
    text = (text + more).slice(-KEPT_BYTES)
  })
  return () => (text.trim() === '' ? '' : `: ${text.trim()}`)
}
