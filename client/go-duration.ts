/** Durations as Go writes them: `90s`, `1h30m`, `1.5h`, `250ms`. */

const UNIT_MS: Readonly<Record<string, number>> = {
  ...{ ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1 },
  ...{ s: 1_000, m: 60_000, h: 3_600_000 },
}

/**
 * Milliseconds of a duration as Go writes it, without a sign; undefined when it is none.
 *
 * @example
 * console.log(goDurationMs('1h30m')) // 5400000
 */
export function goDurationMs(text: string): number | undefined {
  if (!/^((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined
  let ms = 0
  for (const [, number, unit] of text.matchAll(/([\d.]+)([a-zµ]+)/g))
    ms += Number(number) * UNIT_MS[unit!]!
  return ms
}
