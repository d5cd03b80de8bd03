import { type Options, SingleBar } from 'cli-progress'
import type { Loading, LoadStart } from '../load/loading.ts'
import type { Io } from './command.ts'
import { figures } from './progress.ts'

/** A bar on a terminal, from where the load begins to read. */
export function showBar(loading: Loading, io: Io): void {
  loading.on('start', start => draw(loading, start, io))
}

function draw(loading: Loading, { bytes }: LoadStart, io: Io): void {
  const known = bytes !== null && bytes > 0
  const options: Options = {
    stream: io.stderr as NodeJS.WritableStream,
    format: known ? '{bar} {percentage}%  {figures}' : '{figures}',
    barsize: 20,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    linewrap: false,
    clearOnComplete: true,
    autopadding: false,
  }
  const single = new SingleBar(options)
  single.start(known ? bytes : 1, 0, { figures: '' })
  loading.on('progress', progress => {
    if (progress.ended) {
      single.stop()
      io.stderr.write('\r\x1b[K')
    } else single.update(known ? (progress.share ?? 0) * bytes : 0, { figures: figures(progress) })
  })
}
