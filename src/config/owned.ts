const reports = 'millrace reads the delivery reports itself; await send, sendBatch or produceFrom instead'
const events = "millrace serves librdkafka's events itself and passes errors, logs and statistics on"

/** Properties that a user cannot set because millrace lives on them, each with the reason. */
export const ownedProperties = {
  dr_cb: reports,
  dr_msg_cb: reports,
  'delivery.report.only.error': reports,
  event_cb: events,
  enabled_events: events,
  background_event_cb: events,
  error_cb: events,
  stats_cb: events,
  log_cb: events,
  throttle_cb: events,
  'log.queue': 'log lines would wait in a queue that nobody reads; millrace passes them on as they come',
  'plugin.library.paths': 'millrace loads its own native part there',
  interceptors: 'millrace adds its own interceptor',
  opaque: 'millrace finds the message of a delivery report by it',
  partitioner_cb: 'choose one of the partitioners by name with `partitioner`, or give messages a partition',
  oauthbearer_token_refresh_cb: 'set sasl.oauthbearer.method=oidc and let librdkafka fetch the tokens',
  topic: 'give it with each message',
  partition: 'give it with each message',
} as const satisfies Record<string, string>

export type OwnedProperty = keyof typeof ownedProperties

/** Why a user cannot set the property; undefined where he can. */
export function ownedReason(name: string): string | undefined {
  return Object.hasOwn(ownedProperties, name) ? ownedProperties[name as OwnedProperty] : undefined
}
