/**
 * The loop of a fuzz run: the corpus first, then cases from seed after seed until the
 * budget is used up or one fails.
 *
 * Case number `n` of a run with seed `s` is drawn from `s + n` alone, so one failing case
 * comes back from one number as long as the corpus is the same; the case itself is kept
 * in a file beside it.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SeededRandom } from '../model/random.js'
import type { Json, Target } from './target.js'

/** Where cases are kept, one directory for each target. Runs start at the root of the repository. */
export const CORPUS = 'test/fuzz/corpus'

/** When a run ends. */
export interface Budget {
  /** Cases drawn at most. */
  readonly cases: number
  /** Asked before each case; default never. */
  readonly isOver?: () => boolean
}

/** A case that broke its promise. */
export interface Failure {
  readonly target: string
  /** A file of the corpus, or the seed of the case. */
  readonly origin: string
  readonly input: Json
  readonly error: Error
}

/** How a run went. */
export interface Outcome {
  /** Cases run, the corpus included. */
  readonly cases: number
  readonly failure: Failure | undefined
}

/** One file of a corpus. */
export interface Kept {
  readonly file: string
  readonly input: Json
}

/** The corpus of a target, by file name; none when there is no directory. */
export function corpusOf(target: string): Kept[] {
  const directory = join(CORPUS, target)
  let names: string[]
  try {
    names = readdirSync(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({ file: join(directory, name), input: readCase(join(directory, name)) }))
}

/** Reads a case from a file. */
export function readCase(file: string): Json {
  return JSON.parse(readFileSync(file, 'utf8')) as Json
}

/** Keeps a failing case. @returns the file. */
export function keep(target: string, origin: string, input: Json): string {
  const directory = join(CORPUS, target)
  mkdirSync(directory, { recursive: true })
  const file = join(directory, `failed-${origin.replace(/\W+/g, '-')}.json`)
  writeFileSync(file, `${JSON.stringify(input, undefined, 2)}\n`)
  return file
}

/**
 * Runs the corpus and then drawn cases. The target stays open.
 *
 * @param onCase called before each case with its origin: whoever watches for a hang needs it.
 */
export async function fuzz(
  target: Target,
  seed: number,
  budget: Budget,
  onCase: (origin: string) => void = () => {},
): Promise<Outcome> {
  const corpus = corpusOf(target.name)
  const known = corpus.map(({ input }) => input)
  let cases = 0
  const attempt = async (origin: string, make: () => Json): Promise<Failure | undefined> => {
    onCase(origin)
    cases++
    const input = make()
    try {
      await target.run(input)
      return undefined
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error))
      return { target: target.name, origin, input, error: reason }
    }
  }
  for (const { file, input } of corpus) {
    const failure = await attempt(file, () => input)
    if (failure !== undefined) return { cases, failure }
  }
  for (let n = 0; n < budget.cases && !budget.isOver?.(); n++) {
    const draw = () => target.draw(new SeededRandom(seed + n), known)
    const failure = await attempt(`seed ${seed + n}`, draw)
    if (failure !== undefined) return { cases, failure }
  }
  return { cases, failure: undefined }
}
