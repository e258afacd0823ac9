/**
 * Runs every kind of fault of a plan, each by itself:
 *
 *     wait about everyMs -> an episode begins (and may last while the next ones do)
 *                        -> it undoes its harm after about forMs, or when all must end
 *
 * An episode is an async function: it does harm, awaits {@link Stage.lasts}, and undoes it.
 * When the phase of faults is over every such wait ends at once, so whatever was done is
 * undone by the same lines that would have undone it later.
 */

import type { SeededRandom } from '../../model/random.js'
import { exponentialMs } from '../world/fork.js'
import type { World } from '../world/world.js'
import type { BeyondPromise, FaultKind, FaultSettings } from './fault-kinds.js'

/** No episode lasts longer than this, in milliseconds. */
const EPISODE_MS_MAX = 60_000

/** What an episode is given. */
export interface Stage {
  readonly kind: FaultKind | BeyondPromise
  readonly settings: FaultSettings
  /** Of this kind alone. */
  readonly random: SeededRandom
  /** A fault was injected: it is counted, and the log says so. */
  did(subject: string, what: string): void
  /** Harm may come from now on: the log says so, and nothing is counted yet. */
  tell(subject: string, what: string): void
  /** Harm came so many times: it is counted, and the log says so. */
  struck(subject: string, times: number): void
  /** Resolves after about `forMs`, or when the phase of faults ends. */
  lasts(): Promise<void>
  /** A time of about this mean that ends with the phase of faults at the latest, in milliseconds. */
  drawMs(mean: number): number
  /** Resolves after so many milliseconds, or when the phase of faults ends. */
  wait(ms: number): Promise<void>
  /** What is left of the phase of faults, in milliseconds. */
  readonly leftMs: number
  /** False once the phase of faults has ended: nothing new may be harmed. */
  readonly goesOn: boolean
}

/** Does harm once. Rejections are the world's bugs and end the life. */
export type Episode = (stage: Stage) => Promise<void> | void

/** See the head of the file. */
export class Episodes {
  /** How often each kind did harm; a kind that only might have done some is missing. */
  readonly counts: Record<string, number> = {}
  readonly #world: World
  /** True time at which the phase of faults will be over. */
  readonly #endMs: number
  readonly #onCrash: (error: unknown) => void
  readonly #underWay = new Set<Promise<void>>()
  readonly #waiting = new Set<() => void>()
  #ended = false

  /**
   * @param endMs when {@link end} will be called, in true milliseconds.
   * @param onCrash hears of an episode that failed.
   */
  constructor(world: World, endMs: number, onCrash: (error: unknown) => void) {
    this.#world = world
    this.#endMs = endMs
    this.#onCrash = onCrash
  }

  /** Begins a kind; its first episode comes after a wait as well. */
  begin(kind: FaultKind | BeyondPromise, settings: FaultSettings, episode: Episode): void {
    const random = this.#world.fork(`fault ${kind}`)
    const wait = (ms: number) => this.#wait(ms)
    const count = (times: number) => {
      this.counts[kind] = (this.counts[kind] ?? 0) + times
    }
    const tell = (subject: string, what: string) => this.#world.log.say(subject, `${kind}: ${what}`)
    const did = (subject: string, what: string) => {
      count(1)
      tell(subject, what)
    }
    const struck = (subject: string, times: number) => {
      if (times === 0) return
      count(times)
      tell(subject, `struck ${times} times`)
    }
    const goesOn = () => !this.#ended
    const leftMs = () => Math.max(0, this.#endMs - this.#world.clock.now())
    const stage: Stage = {
      kind,
      settings,
      random,
      did,
      tell,
      struck,
      wait,
      drawMs: (mean) => Math.min(exponentialMs(random, mean), EPISODE_MS_MAX, leftMs()),
      lasts: () => wait(exponentialMs(random, settings.forMs)),
      get leftMs() {
        return leftMs()
      },
      get goesOn() {
        return goesOn()
      },
    }
    this.#loop(stage, episode)
  }

  /** Ends the phase of faults; resolves when all episodes have undone what they did. */
  async end(): Promise<void> {
    this.#ended = true
    for (const wake of [...this.#waiting]) wake()
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  #loop(stage: Stage, episode: Episode): void {
    const again = () => {
      const waitMs = exponentialMs(stage.random, stage.settings.everyMs)
      this.#world.clock.after(waitMs, () => {
        if (this.#ended) return
        this.#start(stage, episode)
        again()
      })
    }
    again()
  }

  #start(stage: Stage, episode: Episode): void {
    const run = async () => episode(stage)
    const running = run()
      .catch(this.#onCrash)
      .then(() => {
        this.#underWay.delete(running)
      })
    this.#underWay.add(running)
  }

  #wait(ms: number): Promise<void> {
    if (this.#ended || ms <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#world.clock.after(Math.min(ms, EPISODE_MS_MAX), () => wake())
      const wake = () => {
        timer.cancel()
        this.#waiting.delete(wake)
        resolve()
      }
      this.#waiting.add(wake)
    })
  }
}

/** Some of the list, in random order: at least one, if there is one, and at most all. */
export function some<T>(random: SeededRandom, list: readonly T[]): T[] {
  return shuffled(random, list).slice(0, random.between(1, Math.max(1, list.length)))
}

/** The list in random order (Fisher and Yates). */
export function shuffled<T>(random: SeededRandom, list: readonly T[]): T[] {
  const out = [...list]
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.between(0, i)
    const kept = out[i]!
    out[i] = out[j]!
    out[j] = kept
  }
  return out
}
