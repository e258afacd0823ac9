/** The port to the log: levels, a sentence, and fields. Shaped like pino, which is the real one. */

/** Named values beside the sentence. */
export type LogFields = Readonly<Record<string, unknown>>

/** Writes log lines. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A log that adds these fields to every line. */
  child(fields: LogFields): Log
}

/** Says nothing. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
}
