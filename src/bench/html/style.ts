/** Lines of a chart, told apart by dashes as well as by colour. */
export const SERIES = ['none', '6 3', '2 3', '8 3 2 3', '12 4', '1 4'] as const

export const style = `
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1c2024; --faint: #5b6570; --edge: #d5dae0; --panel: #f4f6f8;
  --s0: #0b6e99; --s1: #b4470b; --s2: #3f7d20; --s3: #7a3fd0; --s4: #b0256b; --s5: #6b5b00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --ink: #e4e8ec; --faint: #9aa5b1; --edge: #38414a; --panel: #1d2329;
    --s0: #56b7e0; --s1: #f0894b; --s2: #86c466; --s3: #b794f6; --s4: #f07cb5; --s5: #d3bd4c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 58rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word;
}
h1 { font-size: 1.5rem; margin: 0.5rem 0; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.5rem; border-bottom: 1px solid var(--edge); }
h3 { font-size: 1rem; margin: 1.5rem 0 0.25rem; }
p, ul { margin: 0.5rem 0; }
.lead { font-size: 1.15rem; }
.faint, figcaption { color: var(--faint); }
.notice { padding: 0.5rem 0.75rem; background: var(--panel); border-left: 4px solid var(--s1); }
figure { margin: 1rem 0; }
figcaption { margin-bottom: 0.25rem; }
.chart svg { display: block; max-width: 100%; height: auto; --plot-background: var(--paper); }
.narrow { display: none; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; }
.legend svg { vertical-align: middle; margin-right: 0.4rem; }
.scroll { overflow-x: auto; }
pre { padding: 0.5rem 0.75rem; background: var(--panel); font-size: 0.875rem; }
.scroll:focus-visible { outline: 2px solid var(--s0); }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.75rem 0.2rem 0; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--edge); }
th.left, td.left { text-align: left; }
td.words { text-align: left; white-space: normal; min-width: 14rem; }
@media (max-width: 40rem) {
  body { padding: 0.75rem; }
  .wide { display: none; }
  .narrow { display: block; }
  th { white-space: normal; vertical-align: bottom; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --ink: #000; --faint: #444; --edge: #bbb; --panel: #fff;
    --s0: #0b6e99; --s1: #b4470b; --s2: #3f7d20; --s3: #7a3fd0; --s4: #b0256b; --s5: #6b5b00;
  }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .wide { display: block; }
  .narrow { display: none; }
  .scroll { overflow: visible; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  th, td { white-space: normal; overflow-wrap: anywhere; }
  figure, tr { break-inside: avoid; }
  h2, h3, figcaption { break-after: avoid; }
}
`
