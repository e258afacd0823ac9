/** Instants as RFC 3339 writes them. */

import { DAY_SECONDS, daysFromCivil, daysInMonth } from './civil-time.js'

const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/**
 * Milliseconds since 1970-01-01T00:00Z; what is finer is cut off.
 *
 * @returns undefined when it is no instant, such as one without an offset or a leap second.
 */
export function instantMs(text: string): number | undefined {
  const parts = RFC_3339.exec(text)
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    ...[number, number, number],
    ...[number, number, number],
  ]
  const [, , , , , , , fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = parts
  const isDate = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)
  const isTime = hour < 24 && minute < 60 && second < 60
  const isOffset = Number(offsetHours) < 24 && Number(offsetMinutes) < 60
  if (!isDate || !isTime || !isOffset) return undefined
  const eastSeconds = Number(offsetHours) * 3_600 + Number(offsetMinutes) * 60
  const local = daysFromCivil(year, month, day) * DAY_SECONDS + hour * 3_600 + minute * 60 + second
  const instant = sign === '-' ? local + eastSeconds : local - eastSeconds
  return instant * 1_000 + Number(fraction.slice(0, 3).padEnd(3, '0'))
}
