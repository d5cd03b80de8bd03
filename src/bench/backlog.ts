/**
 * The backlog of a rate that is kept up with goes up and down, once it has reached what is usually on its way; that of
 * one that is not grows all the time. It counts as grown where all of the window's last third is above all before: the
 * first third, and what there was until the first message had ended. By more than this share of what was due: a stall
 * that passes leaves no such trace, and 1 % is less than rates can be told apart by.
 */
const GROWN_SHARE = 0.01

/** How many messages were due and had not ended, over a window. */
export class Backlog {
  readonly #samples: number[] = []
  /** Where the first message had ended; before that, the backlog could only grow. */
  #firstEnded: number | undefined

  /** At equal distances, the window's start and end included; `ended`: how many had by then. */
  note(messages: number, ended: number): void {
    if (ended > 0) this.#firstEnded ??= this.#samples.length
    this.#samples.push(messages)
  }

  /** By how many messages it grew from the window's start to its end. */
  get growth(): number {
    return (this.#samples.at(-1) ?? 0) - (this.#samples[0] ?? 0)
  }

  /** Whether the rate was more than what was measured carries, with so many messages due within the window. */
  saturated(due: number): boolean {
    const third = Math.max(1, Math.floor(this.#samples.length / 3))
    const usual = this.#samples.slice(0, Math.max(third, (this.#firstEnded ?? Number.POSITIVE_INFINITY) + 1))
    const grown = Math.min(...this.#samples.slice(-third)) - Math.max(...usual)
    return this.#samples.length > 1 && grown > GROWN_SHARE * due
  }
}
