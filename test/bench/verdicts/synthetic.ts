import { seeded } from '../../../src/bench/random.ts'

/** Normally distributed numbers of a seed. */
export function normals(seed: number): () => number {
  const random = seeded(seed)
  const uniform = () => (random() + 0.5) / 2 ** 32
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}

/**
 * What neighbouring trials vary by, one beside the other: finding a difference of 10 % with 90 % takes 29
 * pairs of differences whose logarithms have a standard deviation of 0.16.
 */
export const PAIR_SPREAD = 0.158

/** Trials at `rate`, in a series that drifts by 15 % from its first half to its second, as all around it do. */
export function series(count: number, rate: number, normal: () => number, spread = PAIR_SPREAD / Math.SQRT2) {
  return Array.from({ length: count }, (_, at) => ({
    state: 'valid',
    messagesPerSecond: rate * (at < count / 2 ? 1 : 0.85) * Math.exp(spread * normal()),
  }))
}
