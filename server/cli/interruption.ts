/** SIGINT and SIGTERM as an AbortSignal: a command that holds something gives it back first. */

/** Aborts at the first signal; a second one ends the process at once. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => controller.abort(new Error(name)))
  return controller.signal
}

/**
 * Aborts when SIGTERM comes to us. A Ctrl-C reaches the commands that we run by itself,
 * from the terminal; this must be passed on.
 */
export function termination(): AbortSignal {
  const controller = new AbortController()
  process.once('SIGTERM', () => controller.abort(new Error('SIGTERM')))
  return controller.signal
}

/** Resolves when one of the signals aborts. */
export function anyAborted(...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    }
  })
}
