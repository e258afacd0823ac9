/**
 * Which sets of placed calls were tried with which states.
 *
 * Calls without an output need not be placed. So what failed with some of them in use fails
 * with more of them too, where all else is equal: fewer are left to help.
 */

/** Words in the cache beyond which it starts anew. */
const WORDS_MAX = 1 << 25

/** A set of call numbers with a hash that is kept up to date. */
export class PlacedCalls {
  readonly words: Uint32Array
  #hash = 0

  constructor(size: number) {
    this.words = new Uint32Array((size + 31) >>> 5)
  }

  /** Depends on the members alone, not on the order in which they came. */
  get hash(): number {
    return this.#hash
  }

  /** Whether a call is in. */
  has(call: number): boolean {
    return (this.words[call >>> 5]! & (1 << (call & 31))) !== 0
  }

  /** Adds a call that is not in. */
  add(call: number): void {
    this.#flip(call)
  }

  /** Removes a call that is in. */
  delete(call: number): void {
    this.#flip(call)
  }

  #flip(call: number): void {
    this.words[call >>> 5]! ^= 1 << (call & 31)
    this.#hash ^= scatter(call + 1)
  }
}

/** What is placed. */
export interface Position<State> {
  /** Calls with an output. */
  readonly ending: PlacedCalls
  /** Calls without one. */
  readonly endless: PlacedCalls
  /** What the object may hold. */
  readonly states: readonly State[]
  /** Equal for equal states. */
  readonly statesHash: number
}

interface Seen<State> {
  readonly ending: Uint32Array
  readonly endless: Uint32Array
  readonly states: readonly State[]
}

/** See the head of the file. To forget costs time, not correctness: so it is bounded. */
export class SeenCache<State> {
  readonly #same: (a: readonly State[], b: readonly State[]) => boolean
  readonly #wordsMax: number
  readonly #seen = new Map<number, Seen<State>[]>()
  #words = 0

  /**
   * @param same whether two sets of states are equal.
   * @param wordsMax 32 calls take a word of each set that is remembered; default 128 MiB.
   */
  constructor(
    same: (a: readonly State[], b: readonly State[]) => boolean,
    wordsMax: number = WORDS_MAX,
  ) {
    this.#same = same
    this.#wordsMax = wordsMax
  }

  /** Remembers the position. False: there was one at least as good. */
  add({ ending, endless, states, statesHash }: Position<State>): boolean {
    const hash = ending.hash ^ scatter(statesHash)
    const bucket = this.#seen.get(hash) ?? []
    const isAsGood = (seen: Seen<State>) =>
      sameWords(seen.ending, ending.words) &&
      isWithin(seen.endless, endless.words) &&
      this.#same(seen.states, states)
    if (bucket.some(isAsGood)) return false
    const words = ending.words.length + endless.words.length
    if (this.#words + words > this.#wordsMax) {
      this.#seen.clear()
      this.#words = 0
      bucket.length = 0
    }
    this.#words += words
    bucket.push({ ending: ending.words.slice(), endless: endless.words.slice(), states })
    this.#seen.set(hash, bucket)
    return true
  }
}

function sameWords(a: Uint32Array, b: Uint32Array): boolean {
  // The latest calls differ most.
  for (let i = a.length - 1; i >= 0; i--) if (a[i] !== b[i]) return false
  return true
}

/** Whether every member of the one is in the other. */
function isWithin(part: Uint32Array, whole: Uint32Array): boolean {
  for (let i = 0; i < part.length; i++) if ((part[i]! & ~whole[i]!) !== 0) return false
  return true
}

/** Spreads an integer over 32 bits: the finalizer of MurmurHash3. */
function scatter(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return hash ^ (hash >>> 16)
}
