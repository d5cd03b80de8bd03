/** With this probability an effect as large as assumed is found. */
const POWER = 0.9

/** The fewest pairs with which the permutation test can reach `alpha`: all signs equal, on either side. */
export function fewestPairs(alpha: number): number {
  return Math.ceil(Math.log2(2 / alpha))
}

/** How many pairs it takes to find `effect` (not 0) with 90 %, where differences have the standard deviation `spread`. */
export function pairsNeeded(effect: number, spread: number, alpha: number): number {
  const deviations = normalQuantile(1 - alpha / 2) + normalQuantile(POWER)
  return Math.max(fewestPairs(alpha), Math.ceil(((deviations * spread) / effect) ** 2))
}

/** Of the standard normal distribution, for probabilities from 0.5 to 1 - 1e-9. */
export function normalQuantile(probability: number): number {
  let low = 0
  let high = 6.5
  while (high - low > 1e-9) {
    const middle = (low + high) / 2
    if (0.5 + areaFromZero(middle) < probability) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** Under the normal curve from 0 to `end`, by Simpson's rule. */
function areaFromZero(end: number): number {
  const steps = 200
  const width = end / steps
  let sum = density(0) + density(end)
  for (let step = 1; step < steps; step++) sum += (step % 2 === 1 ? 4 : 2) * density(step * width)
  return (sum * width) / 3
}

function density(value: number): number {
  return Math.exp(-(value ** 2) / 2) / Math.sqrt(2 * Math.PI)
}
