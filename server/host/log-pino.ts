/** The log that people and machines read: pino's JSON lines on stderr. */

import { type Logger, pino } from 'pino'
import type { Log } from '../../client/host/log.js'

/** Names of the levels, as `--log-level` takes them. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'panic', 'fatal'] as const
/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A log at this level and above. Lines are written at once, so that a crash loses none. */
export function createLog(level: LogLevel = 'info'): Log {
  const options = {
    level: level === 'panic' ? 'fatal' : level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return wrap(pino(options, pino.destination({ dest: 2, sync: true })))
}

function wrap(logger: Logger): Log {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    child: (fields) => wrap(logger.child(fields)),
  }
}
