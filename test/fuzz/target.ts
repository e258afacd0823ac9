/**
 * What a fuzz target is: where its cases come from, and the oracle that judges them.
 *
 * A case is plain JSON, so that a failing one can be kept in the corpus, read by a person
 * and cut down by hand. Bytes in it are hexadecimal text.
 */

import type { SeededRandom } from '../model/random.js'

/** Anything that JSON can hold. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined }

/** One thing under fire. */
export interface Target {
  readonly name: string
  /** One line: what is fed with what, and what must hold. */
  readonly about: string
  /** A case from chance alone, or a known one with changes; `known` may be empty. */
  draw(random: SeededRandom, known: readonly Json[]): Json
  /** Runs a case. @throws {Error} the promise is broken; the message says how. */
  run(input: Json): void | Promise<void>
  /** Ends what the target keeps running between cases. */
  close?(): Promise<void>
}

/** A target whose cases have a shape; a case from a corpus file is believed to have it. */
export function targetOf<Case extends Json>(target: {
  readonly name: string
  readonly about: string
  draw(random: SeededRandom, known: readonly Case[]): Case
  run(input: Case): void | Promise<void>
  close?(): Promise<void>
}): Target {
  return target as unknown as Target
}
