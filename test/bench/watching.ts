/** What a client must be able to do for the benchmark of watches and leases. */

/** Some clients of one library in one process. */
export interface Watching {
  /**
   * Opens a watcher per key, spread over the clients; resolves when all are made.
   *
   * @param onEvent hears the value of every put that a watcher saw.
   */
  watch(keys: readonly string[], onEvent: (value: Uint8Array) => void): Promise<void>
  /** Grants leases and keeps them alive, each renewed three times per TTL. */
  keepAlive(count: number, ttlSeconds: number, heard: Heard): Promise<void>
}

/** What becomes of leases. */
export interface Heard {
  renewed(): void
  lost(): void
}

/** Microseconds since 1970, the same for all processes of a machine. */
export function nowMicros(): number {
  return (performance.timeOrigin + performance.now()) * 1000
}

/** A value that says when it was written. */
export function stamp(): Uint8Array {
  const value = Buffer.alloc(64)
  value.writeDoubleBE(nowMicros())
  return value
}

/** How long ago a stamped value was written, in milliseconds. */
export function ageMs(value: Uint8Array): number {
  const { buffer, byteOffset } = value
  return (nowMicros() - new DataView(buffer, byteOffset).getFloat64(0)) / 1000
}
