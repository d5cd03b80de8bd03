import { MillraceError } from '../errors.ts'
import type { KafkaError } from './kafka-errors.ts'

export interface LogLine {
  /** syslog level, 0 (emergency) to 7 (debug) */
  readonly level: number
  readonly facility: string
  readonly message: string
}

/** What was seen of the brokers while connecting; it tells why, where an error says only "transport failure". */
export class Witness {
  #lastFailure: string | undefined
  #authentication: string | undefined
  #refused = false

  log(line: LogLine): void {
    if (line.facility !== 'FAIL' && line.facility !== 'ERROR') return
    // a refused handshake shows itself as a broken connection, too: the reason outlives the symptom
    if (/SSL handshake|certificate|SASL|authenticat/i.test(line.message))
      this.#authentication ??= line.message
    else if (this.#authentication !== undefined) return
    this.#lastFailure = line.message.replace(/^\[thrd:[^\]]*\]:\s*/, '').replace(/\s*\(after .*\)\s*$/, '')
  }

  error(error: KafkaError): void {
    if (error.name === '_AUTHENTICATION') this.#refused = true
  }

  /** The broker has judged the credentials: waiting longer would not change its mind. */
  get refused(): boolean {
    return this.#refused
  }

  explain(brokers: string, timeoutMs: number, error: KafkaError): MillraceError {
    const seen = this.#lastFailure === undefined ? '' : ` (${this.#lastFailure})`
    const context = { brokers, kafkaCode: error.code, kafkaName: error.name }
    if (this.refused || this.#authentication !== undefined) {
      return new MillraceError('AUTHENTICATION_FAILED', `The broker refused the connection${seen}`, {
        hint: 'Check security.protocol, sasl.mechanism, the credentials, and ssl.ca.location for TLS',
        context,
      })
    }
    return new MillraceError(
      'BROKER_UNREACHABLE',
      `No broker of ${brokers || 'the list'} answered within ${timeoutMs} ms: ${error.text}${seen}`,
      { hint: 'Check bootstrap.servers and security.protocol, and that a broker listens there', context },
    )
  }
}
