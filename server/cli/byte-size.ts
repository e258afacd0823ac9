/** Sizes for people, in powers of 1000, as etcdctl prints them: `25 kB`, `2.1 MB`. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']

/** A number of bytes with two significant digits. */
export function byteSize(bytes: number): string {
  if (bytes < 10) return `${bytes} B`
  const exponent = Math.min(Math.floor(Math.log10(bytes) / 3 + 1e-12), UNITS.length - 1)
  const value = Math.floor((bytes / 1000 ** exponent) * 10 + 0.5) / 10
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${UNITS[exponent]}`
}
