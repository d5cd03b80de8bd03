let formatFew: ((value: number) => string) | undefined

/** Made where it is needed: the first Intl.NumberFormat of a process takes 10 ms and more, a tenth of a small load. */
function few(value: number): string {
  formatFew ??= new Intl.NumberFormat('en-US', { maximumSignificantDigits: 2 }).format
  return formatFew(value)
}

/** 1234567 as 1,234,567. Rates are no whole numbers: of small ones two digits are told, so that 0.5 is not 0 or 1. */
export function count(value: number): string {
  if (Math.abs(value) < 10 && !Number.isInteger(value)) return few(value)
  return value.toFixed(0).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** With so many digits behind the point, or as many more as a small value takes not to be told as 0. */
export function fixed(value: number, digits: number): string {
  return value !== 0 && Math.abs(value) < 10 ** -digits ? few(value) : value.toFixed(digits)
}

/** Bytes in decimal units. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`
}

/** Seconds as 42 s, 3 min 05 s, 2 h 04 min. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const pad = (value: number) => String(value).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`
}
