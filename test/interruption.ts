/**
 * What ends a command early: Ctrl-C, or a request to terminate.
 *
 * The first one stops the command in order, so that it reports and tidies up; a second one
 * of the same kind ends it at once.
 */

import { constants } from 'node:os'

/** What ends a command. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** See the head of the file. */
export class Interruption {
  readonly #release: (() => void)[] = []
  #exitCode: number | undefined

  /** @param stop told once, at the first signal. */
  constructor(stop: () => void) {
    for (const signal of SIGNALS) {
      const heard = () => {
        if (this.#exitCode !== undefined) return
        this.#exitCode = 128 + constants.signals[signal]
        stop()
      }
      process.once(signal, heard)
      this.#release.push(() => process.off(signal, heard))
    }
  }

  /** What the command ends with, as a shell counts it: 130 or 143. Undefined: nothing came. */
  get exitCode(): number | undefined {
    return this.#exitCode
  }

  /** Listens no more. */
  release(): void {
    for (const one of this.#release) one()
  }
}
