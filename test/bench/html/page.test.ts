import { describe, expect, test } from 'vitest'
import { analyse } from '../../../src/bench/analysis.ts'
import { renderPage } from '../../../src/bench/html/page.ts'
import type { BenchReport } from '../../../src/bench/report.ts'
import type { Trial } from '../../../src/bench/trial.ts'
import { withCharts } from '../../support/report-libraries.ts'
import { someReport, someTuning, steady } from '../reports.ts'

const evil = `</title><script>alert(1)</script><img src=x onerror="alert(2)">'&`
const faulty: Trial = { order: 3, state: 'void', why: evil }
const report: BenchReport = {
  ...someReport(
    { api: ['batch', 'framed'], loops: [1, 2, 4] },
    [[...steady(1e5), faulty], steady(1.5e5), steady(1.5e5), steady(2e5), steady(3e5), steady(3.1e5)],
    { label: evil },
  ),
  against: { folder: evil, millrace: '0.0.9', cells: someReport({}, [steady(1e5)]).cells },
  error: { code: 'ABORTED', message: evil },
  missingTrials: 2,
}

async function pageOf(of: BenchReport, options = { margin: 5 }) {
  const text = await renderPage(analyse(of, options))
  const { parseHTML } = await import('linkedom')
  return { text, document: parseHTML(text).document }
}

describe('renderPage', withCharts, () => {
  test('is one file: no script, nothing from elsewhere', async () => {
    const { text, document } = await pageOf(report)
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(document.querySelectorAll('script, link, iframe, object, img, base')).toHaveLength(0)
    for (const element of document.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on|^src$|^srcset$|^(xlink:)?href$/)
        if (name !== 'xmlns') expect(value).not.toMatch(/^(https?:|javascript:|\/\/)/)
      }
    }
    expect(text).not.toMatch(/@import|url\(\s*['"]?(https?:)?\/\//)
    expect(document.querySelector('meta[http-equiv]')?.getAttribute('content')).toContain(
      "default-src 'none'",
    )
  })

  test('what users wrote is text: label, reasons, folders, errors', async () => {
    const { text, document } = await pageOf(report)
    expect(document.querySelector('title')?.textContent).toBe(`millrace bench: ${evil}`)
    expect(document.querySelector('h1')?.textContent).toBe(`millrace bench: ${evil}`)
    expect(text.split('alert(2)').length).toBeGreaterThan(5)
    expect(text).not.toContain('<script')
    expect(text).not.toContain('<img')
  })

  test('latency over time is a chart, with gaps where nothing was acknowledged', async () => {
    const latencyOverTime = [
      { second: 0, seconds: 1, count: 500, p50: 2, p99: 5, max: 9 },
      { second: 1, seconds: 1, count: 0, p50: null, p99: null, max: null },
      { second: 2, seconds: 0.4, count: 60, p50: 700, p99: null, max: 1900 },
    ]
    const latencyMs = { p50: 2, p95: 4, p99: 900, p999: null, p9999: null, max: 1900 }
    const trial = { latencyOverTime, latencyMs }
    const { document } = await pageOf(someReport({ rate: [500] }, [steady(500, trial)]))
    const [chart] = document.querySelectorAll('svg[aria-label^="Latency over time"]')
    expect(chart?.getAttribute('aria-label')).toBe('Latency over time, batch')
    const rows = [...document.querySelectorAll('[aria-label^="Latency over time"] tbody tr')]
    expect(rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent))).toEqual([
      ['0', '500', '2.00', '5.00', '9.00'],
      ['1', '0', '–', '–', '–'],
      ['2', '60', '700.00', '–', '1900.00'],
    ])
  })

  test('every chart has a name, and a table of its data beneath', async () => {
    const { document } = await pageOf(report)
    const figures = [...document.querySelectorAll('figure')]
    expect(figures.length).toBeGreaterThanOrEqual(7)
    for (const figure of figures) {
      expect(figure.querySelector('figcaption')?.textContent).toMatch(/\w/)
      expect(figure.querySelectorAll('tbody tr').length).toBeGreaterThan(0)
      // one for a page, one for a phone
      const charts = [...figure.querySelectorAll('.chart svg')]
      expect(charts.map(chart => chart.parentElement?.getAttribute('class'))).toEqual([
        'chart wide',
        'chart narrow',
      ])
      for (const chart of charts) {
        expect(chart.getAttribute('role')).toBe('img')
        expect(chart.getAttribute('aria-label')).toMatch(/\w/)
        expect(chart.querySelectorAll('circle').length).toBeGreaterThan(0)
        expect(chart.outerHTML).not.toMatch(/NaN|undefined|Infinity/)
      }
    }
    for (const region of document.querySelectorAll('.scroll')) {
      expect(region.getAttribute('aria-label')).toMatch(/\w/)
      expect(region.getAttribute('tabindex')).toBe('0')
    }
  })

  test('light and dark, phone and paper', async () => {
    const { text, document } = await pageOf(report)
    expect(document.querySelector('meta[name=viewport]')?.getAttribute('content')).toContain(
      'width=device-width',
    )
    expect(text).toContain('prefers-color-scheme: dark')
    expect(text).toContain('@media print')
    // colours come from the style sheet, so that they follow the scheme
    const charts = [...document.querySelectorAll('.chart')].map(chart => chart.innerHTML).join('')
    expect(charts).not.toMatch(/(fill|stroke)="(#|black|white|rgb)/)
  })

  test('tells what was found, what was left out, and that it is not Kafka', async () => {
    const { document } = await pageOf(report)
    const text = (selector: string) =>
      [...document.querySelectorAll(selector)].map(({ textContent }) => textContent)
    expect(text('h2')).toEqual(['Throughput', 'Verdicts', 'Latency', 'Cost', 'Trials', 'Environment'])
    expect(text('.lead')[0]).toMatch(/was fastest/)
    expect(text('.notice').join()).toContain('not Kafka')
    expect(text('.notice').join()).toContain('2 trials are missing')
    expect(text('li').join('\n')).toMatch(/loops \(batch\): take 2/)
    expect(text('li').join('\n')).toContain('void: batch, 1 loop, trial')
    const chart = document.querySelector('[aria-label^="Against millrace"]')
    expect(chart?.getAttribute('aria-label')).toContain(evil)
  })

  test('the other installation has rows of its own', async () => {
    const { document } = await pageOf(report)
    const rows = [...document.querySelectorAll('[aria-label="Throughput"] tbody tr')]
    expect(rows.map(row => row.querySelector('td')?.textContent).slice(-2)).toEqual([
      'framed, 4 loops',
      'batch, 1 loop, other installation',
    ])
  })

  test("what was tuned has its properties as text, and its verdicts instead of the grid's", async () => {
    const tune = someTuning(evil)
    const { document } = await pageOf({ ...report, tune })
    const titles = [...document.querySelectorAll('h2')].map(({ textContent }) => textContent)
    expect(titles).toContain('Tuning for throughput')
    expect(titles).not.toContain('Verdicts')
    expect(document.querySelector('pre')?.textContent).toBe(tune.file)
    expect(document.querySelector('[aria-label="Search"] tbody')?.textContent).toContain('+25 %taken')
    expect(document.querySelector('.lead')?.textContent).toContain('than the start configuration')
  })

  test("tells the cluster's cost of the rows where it was measured, and nothing where none was", async () => {
    const broker = { processes: 1, cpuSeconds: { user: 0.5, system: 0.1 }, gcMs: 25 }
    const grid = { loops: [1, 2] }
    const { document } = await pageOf(someReport(grid, [steady(1e6, { broker }), steady(1e6)]))
    const table = document.querySelector(
      `[aria-label="The cluster's CPU seconds per million messages"] tbody`,
    )
    expect(table?.textContent).toMatch(/^batch, 1 loop0\.30/)
    expect(table?.querySelectorAll('tr')).toHaveLength(1)
    expect(document.body.textContent).toContain("The cluster's garbage collection")
    const without = await pageOf(someReport(grid, [steady(1e6), steady(1e6)]))
    expect(without.text).not.toContain("The cluster's")
  })

  test('without latency says why there is none', async () => {
    const { document } = await pageOf(report)
    const section = [...document.querySelectorAll('section')].find(({ textContent }) =>
      textContent?.startsWith('Latency'),
    )
    expect(section?.textContent).toContain('None was measured')
    expect(section?.querySelector('svg')).toBeNull()
  })

  test('with latency draws it over percentiles', async () => {
    const latencyMs = { p50: 1, p95: 2, p99: 3.5, p999: 9, p9999: 20, max: 40 }
    const more = { latencyMs } as unknown as Partial<Trial>
    const { document } = await pageOf(someReport({}, [steady(1e5, more)]))
    const chart = document.querySelector('svg[aria-label="Latency by percentile"]')
    expect(chart?.querySelectorAll('circle')).toHaveLength(6)
    const table = document.querySelector('[aria-label="Latency by percentile"] table')
    expect(table?.textContent).toContain('99.99 %')
  })

  test('with rates tells what latencies contain, and draws only what was kept up with', async () => {
    const latencyMs = { p50: 6, p95: 8, p99: null, p999: null, p9999: null, max: 40 }
    const figures = { latencyMs, lingerMs: 5, floorMs: { p50: 0.5, p99: 1.25, max: 3 }, achievedRate: 1000 }
    const saturated = { ...figures, state: 'saturated', why: 'the backlog grew', latencyMs: null } as never
    const { document } = await pageOf(
      someReport({ rate: [1000, 9000] }, [steady(1000, figures), steady(4000, saturated)]),
    )
    const chart = document.querySelector('svg[aria-label="Latency by percentile"]')
    expect(chart?.querySelectorAll('circle')).toHaveLength(3)
    const floor = document.querySelector('[aria-label="What latencies contain"] table')
    expect(floor?.textContent).toMatch(/rate 1,0005\.01\.25/)
    expect(document.body.textContent).toContain('the backlog grew')
    expect(document.body.innerHTML).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('an earlier run that cannot be compared is told', async () => {
    const earlier = { path: evil, environment: { ...report.environment, node: '18.0.0' }, cells: [] }
    const { document } = await pageOf(report, { margin: 5, earlier } as never)
    expect(document.body.textContent).toContain(
      `Not comparable with ${evil}: Node major version was 18, is 20.`,
    )
  })

  test.each([
    ['before the first trial', someReport({}, [])],
    ['nothing but void trials', someReport({}, [[faulty]])],
    ['one trial', someReport({}, [steady(1).slice(0, 1)])],
  ])('%s: a page all the same', async (_, of) => {
    const { document } = await pageOf(of)
    expect(document.querySelectorAll('h2')).toHaveLength(6)
    expect(document.body.innerHTML).not.toMatch(/NaN|undefined|Infinity/)
  })
})
