// Writes docs/peers.md from bench/results/peers.json.
import { writeWhole } from '../src/bench/output-file.ts'
import { pageOf, pagePath } from './comparison/page.ts'
import { readRecorded } from './comparison/recorded.ts'

writeWhole(pagePath, pageOf(readRecorded()))
