/** Civil dates and time zones, judged by what JavaScript itself says of them. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { civilFromDays, daysFromCivil, daysInMonth, weekdayOfDays } from './civil-time.js'
import { timeZoneNamed } from './time-zone.js'

const DAY_MS = 86_400_000

test('every day from 1896 to 2204 has its date, its number and its day of week', () => {
  for (let days = daysFromCivil(1896, 1, 1); days < daysFromCivil(2204, 1, 1); days++) {
    const date = new Date(days * DAY_MS)
    const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]
    const civil = civilFromDays(days)
    // Compared by hand: it is a hundred thousand days.
    if (civil.year !== year || civil.month !== month || civil.day !== day)
      throw new Error(`${days} is ${date.toISOString()}, not ${JSON.stringify(civil)}`)
    if (daysFromCivil(year, month, day) !== days) throw new Error(`${days} does not come back`)
    if (weekdayOfDays(days) !== date.getUTCDay()) throw new Error(`${days} is another weekday`)
    if (day === 1 && daysInMonth(year, month) !== new Date(Date.UTC(year, month, 0)).getUTCDate())
      throw new Error(`${year}-${month} is longer or shorter`)
  }
})

describe('a stretch of time', () => {
  const zones = [
    ...['UTC', 'Etc/GMT+12', 'America/New_York', 'America/Havana', 'Europe/London', 'Asia/Gaza'],
    ...['Australia/Lord_Howe', 'Pacific/Chatham', 'Africa/Casablanca', 'Pacific/Apia'],
    ...['Africa/Monrovia', 'Antarctica/Troll', 'America/Sao_Paulo', 'Asia/Tehran'],
  ]
  const formats = new Map(
    zones.map((timeZone) => [
      timeZone,
      new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }),
    ]),
  )
  const offsetAt = (zone: string, instant: number) => {
    const wall = formats.get(zone)!.format(instant * 1_000)
    return Date.parse(`${wall.replace(' ', 'T')}Z`) / 1_000 - instant
  }

  test('has the offset of its zone from its first to its last second, and another before', () => {
    const instant = fc.integer({ min: 0, max: Date.parse('2100-01-01') / 1_000 })
    const judge = (zone: string, at: number) => {
      const { from, to, offset, offsetBefore } = timeZoneNamed(zone).stretchAt(at)
      expect(from).toBeLessThanOrEqual(at)
      expect(to).toBeGreaterThan(at)
      for (const inside of [from, at, to - 1])
        if (Number.isFinite(inside)) expect(offsetAt(zone, inside)).toBe(offset)
      if (offsetBefore !== offset) expect(offsetAt(zone, from - 1)).toBe(offsetBefore)
    }
    fc.assert(fc.property(fc.constantFrom(...zones), instant, judge), { numRuns: 300 })
  })

  test('shows the change of the day before it, wherever its window ends', () => {
    const change = Date.parse('2026-03-08T07:00Z') / 1_000
    for (const zone of ['America/New_York'])
      for (let hours = 0; hours < 24; hours++)
        expect(timeZoneNamed(zone).stretchAt(change + hours * 3_600)).toMatchObject({
          from: change,
          offset: -4 * 3_600,
          offsetBefore: -5 * 3_600,
        })
  })

  test.each([
    ['Africa/Casablanca', '2026-01-01', ['2026-02-15T02:00Z', '2026-03-22T02:00Z']],
    ['America/Boa_Vista', '2000-09-01', ['2000-10-08T04:00Z', '2000-10-15T03:00Z']],
  ])('of %s shows changes that undo each other soon', (zone, after, expected) => {
    const changes = new Set<string>()
    for (let day = 0; day < 120; day++) {
      const at = Date.parse(after) / 1_000 + day * 86_400
      const { from, offset, offsetBefore } = timeZoneNamed(zone).stretchAt(at)
      if (offset !== offsetBefore) changes.add(new Date(from * 1_000).toISOString())
    }
    expect([...changes]).toEqual(expected.map((text) => text.replace('Z', ':00.000Z')))
  })
})
