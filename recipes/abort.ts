/** Listening to a signal that may have fired already. */

/**
 * Calls the listener when the signal fires; at once if it has.
 *
 * @returns how to listen no more.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) listener()
  else signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}

/** Resolves when the signal fires; it never rejects. */
export function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => onAbort(signal, resolve))
}
