/**
 * What happened in the world, a line each: the last lines for people, a hash of all of
 * them for the proof that the same seed gives the same world.
 */

/** Lines kept. */
const LINES_MAX = 500

/** FNV-1a. */
const HASH_START = 0x811c9dc5
const HASH_PRIME = 0x01000193

/** See the head of the file. */
export class EventLog {
  /** Hears of each line at once. */
  onLine: ((line: string) => void) | undefined
  readonly #now: () => number
  /** A ring: the line with number n stands at n modulo its length. */
  readonly #lines: string[] = []
  #count = 0
  #hash = HASH_START

  /** @param now true time, milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Lines so far. */
  get count(): number {
    return this.#count
  }

  /** Of all lines so far: 32 bits, not negative. */
  get hash(): number {
    return this.#hash >>> 0
  }

  /** The last lines, oldest first, at most 500. */
  get lines(): string[] {
    const start = this.#count % LINES_MAX
    return [...this.#lines.slice(start), ...this.#lines.slice(0, start)]
  }

  /** Writes down that `subject` did or met `what`. */
  say(subject: string, what: string): void {
    const line = `${this.#now().toFixed(3)} ${subject} ${what}`
    this.#lines[this.#count % LINES_MAX] = line
    this.#count++
    this.#hash = hashText(`${line}\n`, this.#hash)
    this.onLine?.(line)
  }
}

/** Goes on with a 32-bit hash over the code units of a text. */
export function hashText(text: string, hash = HASH_START): number {
  let now = hash
  for (let i = 0; i < text.length; i++) now = Math.imul(now ^ text.charCodeAt(i), HASH_PRIME)
  return now
}
