import { type AnalysedReport, headlines } from '../analysis.ts'
import { finding } from '../finding.ts'
import { Charts } from './charts.ts'
import { Html, html, nothing } from './html.ts'
import { layers } from './layers.ts'
import { cost, environment, latency, trials } from './sections.ts'
import { style } from './style.ts'
import { throughput } from './throughput.ts'
import { tuning } from './tuning.ts'
import { verdicts } from './verdicts.ts'

/** Nothing from elsewhere, and no script at all: whatever a label or an error says stays text. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'"

/** A report as one HTML file that needs nothing else. */
export async function renderPage(report: AnalysedReport): Promise<string> {
  const charts = await Charts.load()
  const { label, date, millrace, embedded } = report.environment
  const [sentence = ''] = finding(report).split('\n')
  const title = label === null ? 'millrace bench' : `millrace bench: ${label}`
  const notice = embedded
    ? [
        html`<p class="notice">Measured against an embedded cluster, which is not Kafka: figures tell of this client, not of a broker's.</p>`,
      ]
    : []
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p class="faint">millrace ${millrace}, ${date}</p>
<p class="lead">${sentence}</p>
${notice}
<ul>${headlines(report).map(line => html`<li>${line}</li>`)}</ul>
${tuning(report)}
${throughput(report, charts)}
${report.tune === undefined ? verdicts(report, charts) : nothing}
${latency(report, charts)}
${cost(report, charts)}
${layers(report, charts)}
${trials(report)}
${environment(report)}
</main>
</body>
</html>
`
  return page.text
}
