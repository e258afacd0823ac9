/** Which sets of placed calls were tried with which states. */

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

interface Seen<State> {
  readonly words: Uint32Array
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

  /** Remembers the pair. False: it was there. */
  add(placed: PlacedCalls, statesHash: number, states: readonly State[]): boolean {
    const hash = placed.hash ^ scatter(statesHash)
    const bucket = this.#seen.get(hash)
    if (
      bucket?.some((each) => sameWords(each.words, placed.words) && this.#same(each.states, states))
    )
      return false
    this.#words += placed.words.length
    if (this.#words > this.#wordsMax) this.#forget(placed.words.length)
    const seen = { words: placed.words.slice(), states }
    if (bucket === undefined || this.#seen.size === 0) this.#seen.set(hash, [seen])
    else bucket.push(seen)
    return true
  }

  #forget(words: number): void {
    this.#seen.clear()
    this.#words = words
  }
}

function sameWords(a: Uint32Array, b: Uint32Array): boolean {
  // The latest calls differ most.
  for (let i = a.length - 1; i >= 0; i--) if (a[i] !== b[i]) return false
  return true
}

/** Spreads an integer over 32 bits: the finalizer of MurmurHash3. */
function scatter(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return hash ^ (hash >>> 16)
}
