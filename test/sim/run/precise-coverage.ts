/**
 * How often each block of the server's compiled code ran in this process, as V8 counts it.
 *
 * Only what is compiled after the start is counted block by block, so the start comes
 * before the first import of the server.
 */

import { Session } from 'node:inspector'
import { isMeasured } from './rooms.js'

/** A stretch of a script, in UTF-16 units, and how often it ran; stretches nest. */
export interface Stretch {
  readonly startOffset: number
  readonly endOffset: number
  readonly count: number
}

/** The stretches of one script. */
export interface ScriptStretches {
  /** `file:` URL of the compiled script. */
  readonly url: string
  readonly stretches: readonly Stretch[]
}

/** Starts to count. @returns what ends it and gives the counts of the rooms that are measured. */
export function startCoverage(): () => ScriptStretches[] {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  return () => {
    let scripts: ScriptStretches[] = []
    session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw error
      scripts = result
        .filter(({ url }) => isMeasured(url))
        .map(({ url, functions }) => ({
          url,
          stretches: functions.flatMap(({ ranges }) => ranges),
        }))
    })
    session.disconnect()
    return scripts
  }
}
