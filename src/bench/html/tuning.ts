import type { AnalysedReport } from '../analysis.ts'
import { setting } from '../columns.ts'
import { goalText } from '../tune/goal.ts'
import type { Step, Tried } from '../tune/search.ts'
import type { TuneReport } from '../tune/tune-report.ts'
import { percent } from './figures.ts'
import { type Html, html, nothing } from './html.ts'
import { section, table } from './parts.ts'

export function tuning({ tune }: AnalysedReport): Html {
  if (tune === undefined) return nothing
  return section(`Tuning for ${goalText(tune.goal)}`, [confirmed(tune), file(tune), search(tune)])
}

/** What fresh trials say of the winner and of each of its changes. */
function confirmed({ confirmation }: TuneReport): Html {
  if (confirmation === null) return html`<p>Nothing was measured again.</p>`
  const { verdict, settings } = confirmation
  return html`<p>The winner against the start configuration: ${verdict.text}.</p>
${table('What each change gained', settings, [
  { title: 'change', kind: 'left', value: ({ name }) => name },
  { title: 'start', value: ({ from }) => setting(from) },
  { title: 'winner', value: ({ to }) => setting(to) },
  {
    title: 'the winner, against itself without it',
    kind: 'words',
    value: ({ verdict: own }) => own?.text ?? null,
  },
])}`
}

function file({ file: text }: TuneReport): Html {
  if (text === '') return nothing
  return html`<h3>Properties</h3>
<pre class="scroll" role="region" tabindex="0" aria-label="Properties">${text}</pre>`
}

function search({ search: { steps, trials, done }, goal }: TuneReport): Html {
  const rows = steps.flatMap(step => step.tried.map(tried => ({ step, tried })))
  const early = done ? '' : ' It was cut short.'
  return html`<h3>Search</h3>
<p class="faint">${trials.length} trials.${early} Whatever came out ahead here looks better than it is.</p>
${table('Search', rows, [
  { title: 'setting', kind: 'left', value: ({ step }) => step.name },
  { title: 'value', value: ({ tried }) => setting(tried.value) },
  { title: 'trials', value: ({ tried }) => String(tried.trials) },
  goal.kind === 'throughput'
    ? { title: 'difference', value: ({ step, tried }) => differenceOf(step, tried) }
    : { title: 'kept at, msg/s', value: ({ tried }) => (tried.rate === null ? null : setting(tried.rate)) },
  { title: 'outcome', kind: 'left', value: ({ step, tried }) => (tried.value === step.to ? 'taken' : '') },
])}`
}

function differenceOf({ from }: Step, { value, gain }: Tried): string | null {
  return value === from || gain === null ? null : percent(gain)
}
