import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { analyse } from '../../../src/bench/analysis.ts'
import { cellsOf, defaultGrid } from '../../../src/bench/cell.ts'
import { renderPage } from '../../../src/bench/html/page.ts'
import type { BenchReport } from '../../../src/bench/report.ts'
import { reportStages } from '../../../src/bench/stages/stages-report.ts'
import type { Trial } from '../../../src/bench/trial.ts'
import { findBrowser, Page, type View } from '../../support/browser.ts'
import { canDraw } from '../../support/report-libraries.ts'
import { skipBecause } from '../../support/skip-reason.ts'
import { someReport, someTuning, steady } from '../reports.ts'

const faulty: Trial = { order: 3, state: 'void', why: '5 were delivered, but the end offsets moved by 6' }
const long = 'a_label_without_a_space_'.repeat(8)

/** Everything that a page can hold, with names too long for a phone. */
function everything(): BenchReport {
  const latencyMs = { p50: 1, p95: 2, p99: 3.5, p999: 9, p9999: 20, max: 40 }
  const latencyOverTime = Array.from({ length: 30 }, (_, second) =>
    second === 7
      ? { second, seconds: 1, count: 0, p50: null, p99: null, max: null }
      : {
          second,
          seconds: 1,
          count: 1000,
          p50: 1 + second / 10,
          p99: 3 + second,
          max: 12_345 / (1 + second),
        },
  )
  const floorMs = { p50: 0.5, p99: 1.25, max: 3 }
  const paced = { latencyMs, lingerMs: 5, floorMs, achievedRate: 1000, latencyOverTime }
  const rates = [1e5, 1.5e5, 1.5e5, 2e5, 3e5, 3.1e5, 1.23e6, 2.34e6]
  const trials = rates.flatMap(rate => [
    steady(1000, paced as never),
    rate === 1e5 ? [...steady(rate), faulty] : steady(rate),
  ])
  const grid = {
    api: ['batch' as const, 'framed' as const],
    loops: [1, 4],
    messageSize: [100, 1_000_000],
    rate: [1000, 'max' as const],
  }
  return {
    ...someReport(grid, trials, { label: long }),
    stages: reportStages(
      { cells: cellsOf({ ...defaultGrid, ...grid }), embedded: false, seed: 1 },
      (_, stage) => (stage === 'javascript' ? steady(5e7) : [...steady(6e6), faulty]),
      cell => trials[cell] ?? [],
    ),
    against: { folder: `/${long}`, millrace: '0.0.9', cells: someReport(grid, trials).cells },
    error: { code: 'ABORTED', message: 'interrupted' },
    missingTrials: 2,
  }
}

/** Functions that run in the page, where TypeScript's types of Node.js are none. */
const LOOK = readFileSync(new URL('look.js', import.meta.url), 'utf8')

const WIDTHS = '[document.documentElement.scrollWidth, document.documentElement.clientWidth]'

const browser = canDraw ? findBrowser() : undefined
const missing = browser === undefined ? skipBecause('no Chromium on this machine') : {}

const views: Readonly<Record<string, View>> = {
  'a page': { width: 1000 },
  'a page in the dark': { width: 1000, dark: true },
  'a phone': { width: 375, height: 800 },
  paper: { width: 720, print: true },
}

describe('a report in a browser', missing, () => {
  let folder: string
  let page: Page
  let url: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-page-'))
    const file = join(folder, 'report.html')
    writeFileSync(file, await renderPage(analyse(everything(), { margin: 5 })))
    url = pathToFileURL(file).href
    page = await Page.open(browser as string)
  })
  afterAll(async () => {
    await page.close()
    rmSync(folder, { recursive: true })
  })

  test('a page that complains is heard', async () => {
    const file = join(folder, 'faulty.html')
    writeFileSync(file, '<!doctype html><script>console.error(1)</script><script>nothing()</script>')
    await page.load(pathToFileURL(file).href, { width: 1000 })
    expect(page.complaints).toHaveLength(2)
  })

  test.each(Object.entries(views))('%s: no complaint, and nothing beyond its edge', async (_, view) => {
    await page.load(url, view)
    expect(page.complaints).toEqual([])
    const [content, room] = await page.evaluate<[number, number]>(WIDTHS)
    expect(content).toBeLessThanOrEqual(room)
    expect((await page.picture()).length).toBeGreaterThan(50_000)
  })

  test.each(Object.entries(views))(
    '%s: no words of a chart are cut off or run into others',
    async (_, view) => {
      await page.load(url, view)
      const { charts, faults } = await page.evaluate<{ charts: number; faults: string[] }>(
        `${LOOK}; lookAtCharts()`,
      )
      expect(charts).toBeGreaterThanOrEqual(9)
      expect(faults).toEqual([])
    },
  )

  test.each(Object.entries(views))('%s: words and lines stand out from their ground', async (_, view) => {
    await page.load(url, view)
    const colors = await page.evaluate<Record<string, [string, string]>>(`${LOOK}; lookAtColors()`)
    for (const [name, [front, ground]] of Object.entries(colors)) {
      const least = name.startsWith('--s') ? 3 : 4.5
      expect(contrast(front, ground), `${name}: ${front} on ${ground}`).toBeGreaterThanOrEqual(least)
    }
  })

  test('every chart, table and region has a name for who cannot see it', async () => {
    await page.load(url, { width: 1000 })
    const all = await page.accessible()
    for (const role of ['image', 'table', 'region', 'figure', 'heading', 'columnheader']) {
      const found = all.filter(element => element.role === role)
      expect(found.length, role).toBeGreaterThan(0)
      for (const { name } of found) expect(name, role).toMatch(/\w/)
    }
    const charts = all.filter(({ role }) => role === 'image').map(({ name }) => name)
    // the one for phones is hidden, from a reader as well
    expect(new Set(charts).size).toBe(charts.length)
  })

  test.each(Object.entries(views))('%s: what was tuned fits, too', async (_, view) => {
    const file = join(folder, 'tuned.html')
    const tuned = { ...everything(), tune: someTuning(long) }
    writeFileSync(file, await renderPage(analyse(tuned, { margin: 5 })))
    await page.load(pathToFileURL(file).href, view)
    expect(page.complaints).toEqual([])
    const [content, room] = await page.evaluate<[number, number]>(WIDTHS)
    expect(content).toBeLessThanOrEqual(room)
  })

  test('printed, it has pages', async () => {
    await page.load(url, { width: 1000 })
    expect((await page.pdf()).subarray(0, 5).toString()).toBe('%PDF-')
  })
})

/** Of WCAG: from 1 to 21. */
function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map(part => {
    const share = Number(part) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
