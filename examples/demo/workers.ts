/** What the workers of the demo report, gathered. */

import type { Report } from './worker.js'

/** The two workers and what they reported. */
export class Workers {
  /** Turns on the lock, in the order in which they were reported. */
  readonly turns: { readonly name: string; readonly token: number }[] = []
  /** Workers that lost their session. */
  readonly lost = new Set<string>()
  /** Who won the last election. */
  leader: string | undefined

  /** A worker has something to say. */
  take(name: string, report: Report): void {
    if (report.what === 'turn') this.turns.push({ name, token: report.token })
    else if (report.what === 'leading') this.leader = name
    else if (report.what === 'lost') this.lost.add(name)
  }

  /** Who had the lock, newest last. */
  story(): string {
    return this.turns
      .slice(-6)
      .map(({ name, token }) => `${name} ${token}`)
      .join(', ')
  }

  /** Whether every turn had a higher token than the one before. */
  tokensGrow(): boolean {
    return this.turns.every(({ token }, i) => i === 0 || token > this.turns[i - 1]!.token)
  }
}
