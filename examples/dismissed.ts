/** The end of a worker process of an example. */

import type { ChildProcess } from 'node:child_process'

const GIVE_UP_MS = 5_000

/** Tells a worker to end, by closing its channel, and waits until it has. */
export function dismissed(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    worker.once('exit', () => resolve())
    if (worker.connected) worker.disconnect()
    setTimeout(() => worker.kill('SIGKILL'), GIVE_UP_MS).unref()
  })
}
