import { expect, test } from 'vitest'
import { color, dashes } from '../../../src/bench/html/charts.ts'

test('no two of 36 series look alike, and neighbours differ in dashes as well', () => {
  const looks = Array.from({ length: 36 }, (_, at) => `${color(at)} ${dashes(at)}`)
  expect(new Set(looks).size).toBe(36)
  expect(dashes(0)).not.toBe(dashes(1))
})
