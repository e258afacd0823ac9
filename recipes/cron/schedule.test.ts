/** What a schedule promises to its caller. */

import { expect, test } from '@jest/globals'
import { parseSchedule } from './schedule.js'

test('a daily time is the same on the wall, summer and winter', () => {
  const schedule = parseSchedule('30 9 * * *', { timeZone: 'America/New_York' })
  expect(schedule.upcoming(Date.parse('2026-03-07T00:00Z'), 3)).toEqual(
    ['2026-03-07T14:30Z', '2026-03-08T13:30Z', '2026-03-09T13:30Z'].map(Date.parse),
  )
})
