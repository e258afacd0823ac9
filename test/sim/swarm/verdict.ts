/** The first broken promise of a life, whoever sees it. */

import type { EventLog } from '../world/event-log.js'

/** See the head of the file. */
export interface Broken {
  readonly rule: string
  readonly message: string
}

/** Whoever sees a promise broken says so here; the first word counts. */
export class Verdict {
  readonly #log: EventLog
  #first: Broken | undefined

  constructor(log: EventLog) {
    this.#log = log
  }

  get broken(): Broken | undefined {
    return this.#first
  }

  /** Takes what a judge found, or nothing. */
  convict(violation: Broken | undefined): void {
    if (violation === undefined || this.#first !== undefined) return
    this.#first = { rule: violation.rule, message: violation.message }
    this.#log.say('verdict', `${violation.rule}: ${violation.message}`)
  }

  /** Something threw that nobody expected. */
  crash(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.convict({ rule: 'crash', message: text })
  }
}
