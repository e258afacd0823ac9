/** An event log on its way to a file or to standard output, a few hundred lines at a time. */

import { closeSync, openSync, writeSync } from 'node:fs'
import type { Job } from './job.js'

/** Lines that are gathered before they are written. */
const LINES_MAX = 200
const STDOUT = 1

/** A log that is open. */
export interface Trace {
  /** Adds a line. */
  readonly write: (line: string) => void
  /** Writes what is left. */
  close(): void
}

/** Opens the log that a job asks for; a file is begun anew. */
export function openTrace(target: NonNullable<Job['trace']>): Trace {
  const descriptor = target === 'stdout' ? STDOUT : openSync(target.file, 'w')
  let lines: string[] = []
  const flush = () => {
    if (lines.length > 0) writeAll(descriptor, Buffer.from(`${lines.join('\n')}\n`))
    lines = []
  }
  return {
    write(line) {
      lines.push(line)
      if (lines.length >= LINES_MAX) flush()
    },
    close() {
      flush()
      if (descriptor !== STDOUT) closeSync(descriptor)
    },
  }
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at)
    } catch (error) {
      // A pipe whose reader is slow says so; there is nothing better to do than to try again.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}
