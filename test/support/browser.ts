import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Nothing that it would do by itself: no updates, no synchronizing, no first-run pages, no talk to anybody. */
const QUIET = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // /dev/shm is small in containers
  '--disable-dev-shm-usage',
]

/** A Chromium on this machine, by its command; undefined where there is none. */
export function findBrowser(): string | undefined {
  return NAMES.find(name => spawnSync(name, ['--version'], { timeout: 20_000 }).status === 0)
}

export interface View {
  readonly width: number
  readonly height?: number
  readonly dark?: boolean
  readonly print?: boolean
}

interface Answer {
  readonly id?: number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

/** What the accessibility tree says of an element. */
export interface Accessible {
  readonly role: string
  readonly name: string
}

/** One page of a headless Chromium, driven through a pipe (its DevTools protocol): no port, no network. */
export class Page {
  /** What went to the console, exceptions and refused resources included. */
  readonly complaints: string[] = []
  readonly #browser: ChildProcess
  readonly #profile: string
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  readonly #hearing = new Map<string, () => void>()
  #session: string | undefined
  #calls = 0
  #rest = ''

  private constructor(browser: ChildProcess, profile: string) {
    this.#browser = browser
    this.#profile = profile
    const answers = browser.stdio[4] as Readable
    answers.setEncoding('utf8').on('data', (text: string) => {
      const parts = (this.#rest + text).split('\0')
      this.#rest = parts.pop() ?? ''
      for (const part of parts) this.#hear(JSON.parse(part) as Answer)
    })
    browser.once('exit', () => {
      for (const heard of this.#waiting.values()) heard({ error: { message: 'the browser has ended' } })
    })
  }

  /** Starts a browser with an empty profile and a blank page. */
  static async open(command: string): Promise<Page> {
    const profile = mkdtempSync(join(tmpdir(), 'millrace-browser-'))
    const browser = spawn(command, [...QUIET, `--user-data-dir=${profile}`, '--remote-debugging-pipe'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    })
    const page = new Page(browser, profile)
    const { targetId } = await page.#call('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await page.#call('Target.attachToTarget', { targetId, flatten: true })
    page.#session = sessionId as string
    for (const domain of ['Page', 'Runtime', 'Log', 'Accessibility']) await page.#call(`${domain}.enable`)
    return page
  }

  async load(url: string, { width, height = 900, dark = false, print = false }: View): Promise<void> {
    this.complaints.length = 0
    const metrics = { width, height, deviceScaleFactor: 1, mobile: width < 600 }
    await this.#call('Emulation.setDeviceMetricsOverride', metrics)
    const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]
    await this.#call('Emulation.setEmulatedMedia', { media: print ? 'print' : '', features })
    const loaded = new Promise<void>(resolve => this.#hearing.set('Page.loadEventFired', resolve))
    await this.#call('Page.navigate', { url })
    await loaded
  }

  /** The value of an expression in the page; no script of the page itself, so that no policy forbids it. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.#call('Runtime.evaluate', { expression, returnByValue: true })
    if (answer.exceptionDetails !== undefined) throw new Error(JSON.stringify(answer.exceptionDetails))
    return (answer.result as { value: T }).value
  }

  /** What a screen reader is told of, without what is hidden from it. */
  async accessible(): Promise<Accessible[]> {
    const { nodes } = await this.#call('Accessibility.getFullAXTree')
    const all = nodes as {
      ignored: boolean
      role?: { value: string }
      name?: { value: string }
    }[]
    return all
      .filter(({ ignored }) => !ignored)
      .map(({ role, name }) => ({ role: role?.value ?? '', name: name?.value ?? '' }))
  }

  /** The page as PNG: all of it, or a part as wide as the view. */
  async picture(part?: {
    readonly from: number
    readonly width: number
    readonly height: number
  }): Promise<Buffer> {
    const clip = part && { x: 0, y: part.from, width: part.width, height: part.height, scale: 1 }
    const { data } = await this.#call('Page.captureScreenshot', { captureBeyondViewport: true, clip })
    return Buffer.from(data as string, 'base64')
  }

  /** As it would be printed. */
  async pdf(): Promise<Buffer> {
    const { data } = await this.#call('Page.printToPDF', { printBackground: false })
    return Buffer.from(data as string, 'base64')
  }

  async close(): Promise<void> {
    const ended = once(this.#browser, 'exit')
    this.#browser.kill('SIGKILL')
    if (this.#browser.exitCode === null && this.#browser.signalCode === null) await ended
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }

  async #call(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#calls
    const answered = new Promise<Answer>(resolve => this.#waiting.set(id, resolve))
    const session = this.#session === undefined ? {} : { sessionId: this.#session }
    const orders = this.#browser.stdio[3] as Writable
    orders.write(`${JSON.stringify({ id, method, params, ...session })}\0`)
    const { result, error } = await answered
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result ?? {}
  }

  #hear({ id, method, params, result, error }: Answer): void {
    if (id !== undefined) {
      this.#waiting.get(id)?.({ result, error })
      this.#waiting.delete(id)
      return
    }
    if (
      method === 'Log.entryAdded' ||
      method === 'Runtime.exceptionThrown' ||
      method === 'Runtime.consoleAPICalled'
    ) {
      this.complaints.push(JSON.stringify(params))
    }
    this.#hearing.get(method ?? '')?.()
  }
}
