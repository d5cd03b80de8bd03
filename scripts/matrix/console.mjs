// What the matrix scripts print, and the count of what they tried.
import { writeFileSync } from 'node:fs'

const counts = { passed: 0, failed: 0, skipped: 0 }
let log

/** Output of the commands that are run goes into this file; a failure names it. */
export function logTo(file) {
  log = file
  writeFileSync(log, '')
}

export function writeLog(text) {
  writeFileSync(log, text, { flag: 'a' })
}

export function say(text) {
  console.log(text)
}

/** Runs one check and counts it; a failure is told and does not stop the others. Returns whether it passed. */
export async function check(name, body) {
  const started = performance.now()
  writeLog(`\n=== ${name}\n`)
  try {
    await body()
    counts.passed++
    say(`  passed: ${name} (${seconds(started)} s)`)
    return true
  } catch (error) {
    counts.failed++
    writeLog(`${error.stack}\n`)
    say(`  FAILED: ${name} (${seconds(started)} s): ${indent(error.message)}\n    all output: ${log}`)
    return false
  }
}

export function skip(name, reason) {
  counts.skipped++
  say(`  skipped: ${name}: ${reason}`)
}

/** Prints the counts as the last line; the exit code says whether anything failed. */
export function finish() {
  say(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
  process.exitCode = counts.failed > 0 ? 1 : 0
}

function seconds(started) {
  return ((performance.now() - started) / 1000).toFixed(0)
}

function indent(text) {
  return text.split('\n').slice(0, 12).join('\n    ').slice(0, 2000)
}
