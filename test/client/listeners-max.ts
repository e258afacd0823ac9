/** From how many listeners on Node warns of a leak; 0: never. */

/** `events.getMaxListeners` knows no signal of another realm, as those of Jest are. */
export function listenersMax(signal: AbortSignal): unknown {
  const key = Object.getOwnPropertySymbols(signal).find(
    ({ description }) => description === 'events.maxEventTargetListeners',
  )
  return key && (signal as unknown as Record<symbol, unknown>)[key]
}
