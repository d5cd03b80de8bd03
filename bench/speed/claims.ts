/** What a figure has to be. */
export type Claim = { readonly atLeast: number } | { readonly atMost: number }

/** What is claimed of the batch engine; one number each, and nowhere else. */
export const claims = {
  /** Of the ceiling's rate, by message size. */
  framedToCeiling100: { atLeast: 0.95 },
  framedToCeiling1k: { atLeast: 0.95 },
  /** Times the ceiling's CPU a message of 100 bytes. */
  framedCpuToCeiling100: { atMost: 1.15 },
  /** Times the rate of a bare node-rdkafka loop with reports. */
  framedToNodeRdkafka: { atLeast: 5 },
  objectsToNodeRdkafka: { atLeast: 4 },
  sendToNodeRdkafka: { atLeast: 3 },
  /** Times the rate of other languages' clients. */
  framedToFranzGo: { atLeast: 1 },
  framedToJava: { atLeast: 1 },
  /** In ms. */
  eventLoopDelay: { atMost: 5 },
  /** Of what the threads' processor time allows. */
  threads: { atLeast: 0.9 },
  /** CPU a message, times that of the smaller case, over the same of the ceiling. */
  growth: { atMost: 1.1 },
} as const satisfies Record<string, Claim>
