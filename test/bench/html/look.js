// Runs in the page that is looked at.

/** What of a chart's words cannot be read. */
globalThis.lookAtCharts = () => {
  const faults = []
  let charts = 0
  for (const svg of document.querySelectorAll('.chart svg')) {
    const frame = svg.getBoundingClientRect()
    if (frame.width === 0) continue
    charts++
    const words = [...svg.querySelectorAll('text')].map(text => ({
      text: text.textContent,
      box: text.getBoundingClientRect(),
    }))
    for (const [at, { text, box }] of words.entries()) {
      const chart = svg.getAttribute('aria-label')
      if (
        box.left < frame.left - 1 ||
        box.right > frame.right + 1 ||
        box.top < frame.top - 1 ||
        box.bottom > frame.bottom + 1
      ) {
        faults.push(`${chart}: ${text} is cut off`)
      }
      for (const other of words.slice(at + 1)) {
        const width = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left)
        const height = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top)
        // lines of text may touch
        if (width > 1 && height > 3) faults.push(`${chart}: ${text} runs into ${other.text}`)
      }
    }
  }
  return { charts, faults }
}

/** Colours, and those that they stand on. */
globalThis.lookAtColors = () => {
  const root = getComputedStyle(document.documentElement)
  const paper = getComputedStyle(document.body).backgroundColor
  const of = selector => getComputedStyle(document.querySelector(selector)).color
  const notice = getComputedStyle(document.querySelector('.notice'))
  const probe = document.body.appendChild(document.createElement('i'))
  const series = [0, 1, 2, 3, 4, 5].map(at => {
    probe.style.color = root.getPropertyValue(`--s${at}`)
    return [`--s${at}`, [getComputedStyle(probe).color, paper]]
  })
  probe.remove()
  return {
    text: [of('body'), paper],
    faint: [of('.faint'), paper],
    caption: [of('figcaption'), paper],
    chart: [of('.chart svg'), paper],
    notice: [notice.color, notice.backgroundColor],
    ...Object.fromEntries(series),
  }
}
