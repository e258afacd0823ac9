/** CPU time and memory of processes, read from /proc; nothing where there is none. */

import { readFileSync } from 'node:fs'

/** Linux counts CPU time of processes in ticks of 10 ms. */
const TICK_MS = 10

/** What some processes have used together. */
export interface Usage {
  /** User and system time in milliseconds. */
  readonly cpuMs: number
  /** Resident memory in bytes. */
  readonly memoryBytes: number
}

/** The usage of these processes up to now; undefined on systems without /proc. */
export function usageOf(pids: readonly number[]): Usage | undefined {
  try {
    let cpuMs = 0
    let memoryBytes = 0
    for (const pid of pids) {
      // The name in field 2 may hold blanks: count from behind its bracket.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
      cpuMs += (Number(fields[11]) + Number(fields[12])) * TICK_MS
      const resident = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
      memoryBytes += Number(resident?.[1] ?? 0) * 1024
    }
    return { cpuMs, memoryBytes }
  } catch {
    return undefined
  }
}
