/**
 * What a worker thread and the thread that started it say to each other. The job comes as `workerData`; everything in
 * it and in the messages is data that structuredClone copies, and MillraceErrors as fields of progress.
 */
export interface Talk {
  /** What the thread is started with. */
  job: object
  /** What it tells on its way. */
  progress: object
  /** What it asks, and what it is answered. */
  question: object
  answer: object
}

export interface Start<T extends Talk> {
  readonly job: T['job']
  /** The module to run. */
  readonly entry: string
}

/** `finish`: take up no more work. `abort`: nor wait for what is begun. */
export type Stop = 'finish' | 'abort'

export type ToThread<T extends Talk> =
  | { readonly kind: 'stop'; readonly stop: Stop }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: T['answer'] }
  | { readonly kind: 'refusal'; readonly id: number; readonly error: object }

export type FromThread<T extends Talk> =
  | { readonly kind: 'progress'; readonly progress: T['progress'] }
  | { readonly kind: 'question'; readonly id: number; readonly question: T['question'] }
  /** The last word: the job is done, or cannot be. */
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: object }
