import type * as Plots from '@observablehq/plot'
import type { parseHTML } from 'linkedom'
import { describe, MillraceError } from '../../errors.ts'
import { Html, html } from './html.ts'
import { SERIES } from './style.ts'

const WIDE = 880
const NARROW = 340
const ROW_HEIGHT = 40

type PlotDocument = ReturnType<typeof parseHTML>['document']

/** A row of a chart: a value, and an interval where one is known. */
export interface Mark {
  readonly name: string
  readonly value: number
  readonly low: number
  readonly high: number
}

export interface Series {
  readonly name: string
  readonly points: readonly (Omit<Mark, 'name'> & { readonly x: string })[]
}

export interface Moment {
  readonly x: number
  /** NaN: nothing. */
  readonly y: number
}

export interface ChartText {
  /** What a screen reader calls it. */
  readonly label: string
  readonly description: string
  /** Of the axis of values, with its unit. */
  readonly unit: string
  readonly format: (value: number) => string
}

/**
 * Draws charts as SVG in text, without a browser. Each comes twice, for a page's width and for a phone's;
 * the style sheet shows one. What draws is loaded when first needed.
 */
export class Charts {
  readonly #plot: typeof Plots
  readonly #document: PlotDocument

  private constructor(plot: typeof Plots, document: PlotDocument) {
    this.#plot = plot
    this.#document = document
  }

  /** @throws MillraceError USAGE where the libraries are not there */
  static async load(): Promise<Charts> {
    try {
      const [plot, linkedom] = await Promise.all([import('@observablehq/plot'), import('linkedom')])
      return new Charts(plot, linkedom.parseHTML('<!doctype html><html><body></body></html>').document)
    } catch (cause) {
      throw new MillraceError('USAGE', `--report cannot draw charts: ${describe(cause)}`, {
        cause,
        hint: 'Install millrace again, with all of its dependencies',
      })
    }
  }

  /** A row each, with its name above. `reference`: a value that all are seen against. */
  rows(marks: readonly Mark[], text: ChartText, reference?: number): Html {
    const { ruleX, ruleY, dot, text: words, axisX, gridX } = this.#plot
    const lowest = Math.min(...marks.map(({ low }) => low), reference ?? 0)
    const highest = Math.max(...marks.map(({ high }) => high), reference ?? 0)
    return this.#both(text, width => ({
      ...this.#frame(width),
      height: marks.length * ROW_HEIGHT + 65,
      marginBottom: 45,
      x: { domain: [lowest, highest], nice: true, label: null },
      y: { type: 'band', domain: marks.map((_, at) => at), axis: null },
      marks: [
        gridX({ ticks: width / 110 }),
        axisX({ tickFormat: text.format, ticks: width / 110, label: text.unit, labelArrow: 'none' }),
        ...(reference === undefined ? [] : [ruleX([reference], { strokeDasharray: '3 3' })]),
        ruleY(marks, { y: (_, at) => at, x1: 'low', x2: 'high', stroke: 'var(--s0)', strokeWidth: 2, dy: 8 }),
        dot(marks, { y: (_, at) => at, x: 'value', fill: 'var(--s0)', r: 5, dy: 8 }),
        words(marks, {
          y: (_, at) => at,
          text: ({ name }: Mark) => shortened(name, width),
          frameAnchor: 'left',
          textAnchor: 'start',
          dy: -7,
          fill: 'currentColor',
          stroke: 'var(--paper)',
          strokeWidth: 5,
        }),
      ],
    }))
  }

  /** A line each, over values in their order. */
  lines(
    series: readonly Series[],
    text: ChartText & {
      readonly along: string
      readonly logarithmic?: boolean
      /** Of the values along; default: as they are. */
      readonly tick?: (x: string) => string
    },
  ): Html {
    const { ruleX, lineY, dot, axisX, axisY } = this.#plot
    const domain = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))]
    return this.#both(text, width => ({
      ...this.#frame(width),
      height: 320,
      marginLeft: 52,
      marginTop: 30,
      marginBottom: 40,
      x: { type: 'point', domain, padding: 0.3 },
      y: text.logarithmic === true ? { type: 'log', grid: true } : { zero: true, nice: true, grid: true },
      marks: [
        axisX({ label: text.along, labelAnchor: 'center', ...(text.tick && { tickFormat: text.tick }) }),
        axisY({ tickFormat: text.format, ticks: 6, label: text.unit, labelArrow: 'none' }),
        ...series.flatMap(({ points }, at) => [
          ruleX(points, {
            x: 'x',
            y1: 'low',
            y2: 'high',
            stroke: color(at),
            strokeOpacity: 0.6,
            strokeWidth: 2,
          }),
          lineY(points, {
            x: 'x',
            y: 'value',
            stroke: color(at),
            strokeWidth: 2,
            strokeDasharray: dashes(at),
          }),
          dot(points, { x: 'x', y: 'value', fill: color(at), r: 4 }),
        ]),
      ],
    }))
  }

  /** A line each, over time. */
  overTime(
    series: readonly { readonly name: string; readonly moments: readonly Moment[] }[],
    text: ChartText & { readonly along: string },
  ): Html {
    const { lineY, dot, axisX, axisY } = this.#plot
    return this.#both(text, width => ({
      ...this.#frame(width),
      height: 260,
      marginLeft: 52,
      marginTop: 30,
      marginBottom: 40,
      x: { zero: true },
      y: { zero: true, nice: true, grid: true },
      marks: [
        axisX({ label: text.along, labelAnchor: 'center', labelArrow: 'none', ticks: width / 110 }),
        axisY({ tickFormat: text.format, ticks: 6, label: text.unit, labelArrow: 'none' }),
        ...series.flatMap(({ moments }, at) => {
          const style = { x: 'x', y: 'y', stroke: color(at) }
          const line = lineY(moments, { ...style, strokeWidth: 2, strokeDasharray: dashes(at) })
          // a moment between two without any has no line
          const dots = dot(moments, { x: 'x', y: 'y', fill: color(at), r: moments.length > 60 ? 1.5 : 3 })
          return [line, dots]
        }),
      ],
    }))
  }

  #frame(width: number): Plots.PlotOptions {
    return {
      document: this.#document,
      width,
      style: { fontSize: '13px', background: 'none' },
      // half of the first and last tick's words stand beyond the frame
      marginLeft: 32,
      marginRight: 32,
    }
  }

  #both({ label, description }: ChartText, options: (width: number) => Plots.PlotOptions): Html {
    const draw = (width: number) => {
      const drawn: string = this.#plot.plot(options(width)).outerHTML
      // linkedom leaves & and < in attributes as they are, so these are not set through it
      return html`<svg role="img" aria-label="${label}" aria-description="${description}"${new Html(drawn.slice('<svg'.length))}`
    }
    return html`<div class="chart wide">${draw(WIDE)}</div><div class="chart narrow">${draw(NARROW)}</div>`
  }
}

/** Of the series with this index. */
export function color(at: number): string {
  return `var(--s${at % SERIES.length})`
}

/** Shifts by one with each round of the colours, so that no two of 36 series look alike. */
export function dashes(at: number): string {
  return SERIES[(at + Math.floor(at / SERIES.length)) % SERIES.length] as string
}

/** About 7 pixels a character. The table beneath has all of it. */
function shortened(name: string, width: number): string {
  const most = Math.floor((width - 40) / 7)
  return name.length <= most ? name : `${name.slice(0, most - 1)}…`
}
