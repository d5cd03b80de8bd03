import { color, dashes } from './charts.ts'
import { type Html, html, nothing } from './html.ts'

export interface TableColumn<Row> {
  readonly title: string
  /** Null is shown as a dash. */
  readonly value: (row: Row) => string | null
  /** `left`: short text, `words`: text that may be long; default: a number. */
  readonly kind?: 'left' | 'words'
}

/** A table that scrolls by itself where the page is too narrow. */
export function table<Row>(name: string, rows: readonly Row[], columns: readonly TableColumn<Row>[]): Html {
  const head = columns.map(
    ({ title, kind }) =>
      html`<th scope="col" class="${kind === undefined ? 'number' : 'left'}">${title}</th>`,
  )
  const body = rows.map(
    row =>
      html`<tr>${columns.map(({ value, kind }) => html`<td class="${kind ?? 'number'}">${value(row) ?? '–'}</td>`)}</tr>\n`,
  )
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${name}">
<table aria-label="${name}"><thead><tr>${head}</tr></thead>
<tbody>${body}</tbody></table></div>`
}

/** A chart with its caption, and its data beneath. */
export function figure(caption: string, chart: Html, data: Html): Html {
  return html`<figure aria-label="${caption}"><figcaption>${caption}</figcaption>
${chart}
${data}</figure>
`
}

/** Which line is which; nothing for a single one. */
export function legend(names: readonly string[]): Html {
  if (names.length < 2) return nothing
  const items = names.map(
    (name, at) =>
      html`<li><svg width="28" height="8" aria-hidden="true"><line x1="0" y1="4" x2="28" y2="4" stroke="${color(at)}" stroke-width="3" stroke-dasharray="${dashes(at)}"/></svg>${name}</li>`,
  )
  return html`<ul class="legend">${items}</ul>`
}

export function section(title: string, content: readonly Html[]): Html {
  return html`<section><h2>${title}</h2>
${content}</section>
`
}
