import { expect, test } from 'vitest'
import { Html, html } from '../../../src/bench/html/html.ts'

test('parts are text, whatever they hold', () => {
  const evil = `<img src=x onerror="alert('1')">&amp;`
  expect(html`<p title="${evil}">${evil}</p>`.text).toBe(
    '<p title="&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;">&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;</p>',
  )
})

test('what is HTML already stays so, in lists too', () => {
  expect(html`<ul>${['a<', 'b'].map(text => html`<li>${text}</li>`)}</ul>`.text).toBe(
    '<ul><li>a&lt;</li><li>b</li></ul>',
  )
  expect(html`${new Html('<b>')}${5}`.text).toBe('<b>5')
})
