/** The Log port of a process in the world: lines from info up go to the event log. */

import type { Log, LogFields } from '../../../client/host/log.js'
import type { EventLog } from './event-log.js'
import type { SimClock } from './sim-clock.js'

/** A log whose lines belong to `subject`; the dead say nothing. */
export function worldLog(
  events: EventLog,
  subject: string,
  life: SimClock,
  fields: LogFields = {},
): Log {
  const say =
    (level: string) =>
    (message: string, more: LogFields = {}): void => {
      if (!life.isOver)
        events.say(subject, `${level} ${message}${fieldText({ ...fields, ...more })}`)
    }
  return {
    debug() {},
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    child: (more) => worldLog(events, subject, life, { ...fields, ...more }),
  }
}

function fieldText(fields: LogFields): string {
  return Object.entries(fields)
    .map(([name, value]) => ` ${name}=${valueText(value)}`)
    .join('')
}

function valueText(value: unknown): string {
  if (value instanceof Error) return value.message
  if (typeof value !== 'object' || value === null) return String(value)
  return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner))
}
