import xxhash from 'xxhash-wasm'

/** A hash of all that was read of an input so far, for inputs that cannot be read from a position. */
export class PrefixHash {
  readonly #hash: { update(bytes: Uint8Array): unknown; digest(): bigint }

  private constructor(hash: { update(bytes: Uint8Array): unknown; digest(): bigint }) {
    this.#hash = hash
  }

  static async create(): Promise<PrefixHash> {
    return new PrefixHash((await xxhash()).create64())
  }

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  /** 16 hex digits. May be asked for again and again. */
  get text(): string {
    return this.#hash.digest().toString(16).padStart(16, '0')
  }
}
