import { type KafkaError, kafkaError, NO_ERROR } from '../client/kafka-errors.ts'
import { loadClient } from '../client/load.ts'
import type { Properties } from '../client/producer-client.ts'
import { type Binding, type ClusterBinding, loadBinding } from '../engine/binding.ts'
import { describe, MillraceError } from '../errors.ts'

interface Addon {
  readonly binding: Binding
  readonly path: string
  /** The number of the client's channel. */
  readonly channel: number
}

/**
 * The addon's hold on the client that carries an embedded cluster. Where the addon was not built there is none,
 * and each call says what to type.
 */
export class ClusterControl {
  readonly #addon: Addon | undefined
  readonly #missing: unknown
  #stopped = false

  private constructor(addon: Addon | undefined, missing: unknown) {
    this.#addon = addon
    this.#missing = missing
  }

  /** @throws MillraceError CLIENT_NOT_BUILT */
  static open(): ClusterControl {
    // the addon finds librdkafka in the copy that node-rdkafka has loaded
    loadClient()
    try {
      const { binding, path } = loadBinding()
      // this client produces nothing, so it needs no room and nobody is to be woken
      const channel = binding.open(1, 1, false, () => {})
      return new ClusterControl({ binding, path, channel }, undefined)
    } catch (error) {
      return new ClusterControl(undefined, error)
    }
  }

  /** Whether calls reach the cluster, as long as it was not stopped. */
  get available(): boolean {
    return this.#addon !== undefined
  }

  /** What the client is to be made with, before all other properties. */
  get properties(): Properties {
    if (this.#addon === undefined) return {}
    return {
      'plugin.library.paths': this.#addon.path,
      'millrace.token': this.#addon.binding.token(this.#addon.channel),
    }
  }

  /**
   * Makes one call of the addon.
   * @param what completes "The embedded cluster did not …"
   * @throws MillraceError CLUSTER_STOPPED, ENGINE_UNAVAILABLE, REQUEST_FAILED
   */
  call(what: string, call: (cluster: ClusterBinding, channel: number) => number): void {
    const result = this.#call(call)
    if (result !== NO_ERROR) throw refused(what, kafkaError(result))
  }

  /** As `call`, for those that answer with a number from 0. */
  ask(what: string, call: (cluster: ClusterBinding, channel: number) => number): number {
    const result = this.#call(call)
    if (result < 0) throw refused(what, kafkaError(result))
    return result
  }

  /** No call reaches the cluster after this. To be called before its client is disconnected. */
  stop(): void {
    this.#stopped = true
    this.#addon?.binding.close(this.#addon.channel)
  }

  /** To be called when the client is gone, or could not be made. */
  release(): void {
    this.#stopped = true
    this.#addon?.binding.release(this.#addon.channel)
  }

  #call(call: (cluster: ClusterBinding, channel: number) => number): number {
    if (this.#stopped) throw stopped()
    if (this.#addon === undefined) throw uncontrollable(this.#missing)
    return call(this.#addon.binding.cluster, this.#addon.channel)
  }
}

function stopped(): MillraceError {
  return new MillraceError('CLUSTER_STOPPED', 'The embedded cluster was stopped', {
    hint: 'What it held is gone; start another',
  })
}

function uncontrollable(cause: unknown): MillraceError {
  return new MillraceError(
    'ENGINE_UNAVAILABLE',
    `An embedded cluster can be controlled through the addon only. ${describe(cause)}`,
    { cause },
  )
}

function refused(what: string, { code, name, text }: KafkaError): MillraceError {
  if (name === '_DESTROY') return stopped()
  return new MillraceError('REQUEST_FAILED', `The embedded cluster did not ${what}: ${text} (${name})`, {
    context: { kafkaCode: code, kafkaName: name },
  })
}
