/**
 * Judges Raft while a cluster runs, from what its members show to their witnesses.
 *
 * Three judges share the work: raft-promises.ts (votes, terms and durable entries across
 * restarts), raft-choices.ts (leaders and what is committed), and the log judge of raft's
 * own simulation (an index and a term stand for one content, and for one entry before it).
 * Added here, with the truth of the run as its fruit:
 *
 * - *state-machine safety*: the entry applied at an index is the same on all members, and is
 *   the one that was committed there;
 * - *apply order*: a life applies without gaps, and nobody starts from a snapshot of what
 *   nobody has applied.
 *
 * A witness must not throw, for that would end the member: the first violation is kept,
 * and from then on nothing is judged.
 */

import { Command } from '../../client/wire/generated/command.js'
import { ConfigChange, type Entry, EntryType } from '../../client/wire/generated/raft.js'
import type { Witness } from '../../server/member/witness.js'
import type { RaftStatus, Ready } from '../../server/raft/raft.js'
import { LogJudge } from '../../server/raft/simulation/log-judge.js'
import { Violation as Broken, require } from '../../server/raft/simulation/violation.js'
import type { Applied } from '../../server/state/applied.js'
import type { Committed } from './committed.js'
import type { Violation } from './operation.js'
import { RaftChoices } from './raft-choices.js'
import { type Inside, RaftPromises } from './raft-promises.js'

/** A command stands one level above the request in it. */
const COMMAND_DEPTH = -1

/** One life of one member. */
interface Life {
  /** Undefined before its first output. */
  status: Inside | undefined
  /** Undefined until it applied something or installed a snapshot. */
  applied: number | undefined
}

/** See the head of the file. */
export class RaftJudge {
  /** The truth so far. */
  readonly committed: Committed[] = []
  readonly #nowMs: () => number
  readonly #logs = new LogJudge()
  readonly #promises = new RaftPromises()
  readonly #choices = new RaftChoices()
  readonly #lives = new Map<string, Life>()
  /** The entries of `committed`, to compare others with. */
  readonly #entries: Entry[] = []
  #violation: Violation | undefined

  /** @param nowMs true time, for {@link Committed.atMs}. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** The first broken promise. */
  get violation(): Violation | undefined {
    return this.#violation
  }

  /** How many terms had a leader. */
  get leaders(): number {
    return this.#choices.leaders
  }

  /** Looks on at a member, in its present life and in those that {@link restarted} begins. */
  witness(member: string): Witness {
    this.restarted(member)
    const guarded = (work: () => void) => this.#guarded(member, work)
    return {
      ready: (ready, status) => guarded(() => this.#ready(member, ready, status)),
      applied: (entry, applied) => guarded(() => this.#applied(member, entry, applied)),
      installed: (index) => guarded(() => this.#installed(member, index)),
    }
  }

  /** The member's life ended, however it did; a new one begins. */
  restarted(member: string): void {
    const last = this.#lives.get(member)?.status
    if (last !== undefined) {
      this.#promises.ended(last)
      this.#choices.ended(last.id)
    }
    this.#lives.set(member, { status: undefined, applied: undefined })
  }

  #guarded(member: string, work: () => void): void {
    if (this.#violation !== undefined) return
    try {
      work()
    } catch (error) {
      const message = `seen at ${member}: ${(error as Error).message}`
      const rule = error instanceof Broken ? error.promise : 'a judge failed'
      this.#violation = { rule: `raft: ${rule}`, message }
    }
  }

  #ready(member: string, ready: Ready, shown: RaftStatus): void {
    const life = this.#lives.get(member)!
    const status = inside(shown)
    if (life.status === undefined) this.#promises.returned(status, ready)
    life.status = status
    const { persist } = ready
    if (persist !== undefined && persist.snapshot === undefined)
      this.#logs.written(status.id, status.log, persist.entries)
    this.#promises.sending(status, ready.messages)
    this.#choices.observe(status)
  }

  #applied(member: string, entry: Entry, applied: Applied | undefined): void {
    const { index, term } = entry
    const life = this.#lives.get(member)!
    require(index <= (life.applied ?? index) + 1, 'apply order', () => {
      return `${member} applied ${index} after ${life.applied}`
    })
    life.applied = Math.max(index, life.applied ?? 0)
    const chosen = this.#choices.termAt(index)
    require(chosen === undefined || chosen === term, 'state-machine safety', () => {
      return `${member} applied ${index} of term ${term}, committed was ${chosen}`
    })
    const next = (this.committed.at(-1)?.index ?? index - 1) + 1
    require(index <= next, 'apply order', () => `${member} applied ${index}, nobody has ${next}`)
    if (index < next) this.#compare(member, entry)
    else this.#add(member, entry, applied)
  }

  #compare(member: string, entry: Entry): void {
    const first = this.#entries[entry.index - this.#entries[0]!.index]
    if (first === undefined) return
    const same =
      first.term === entry.term &&
      first.type === entry.type &&
      Buffer.compare(first.data, entry.data) === 0
    require(same, 'state-machine safety', () => {
      const by = this.committed[entry.index - this.#entries[0]!.index]!.member
      return `${member} and ${by} applied different entries at ${entry.index}`
    })
  }

  #add(member: string, entry: Entry, applied: Applied | undefined): void {
    const { index, term, type, data } = entry
    const isCommand = type === EntryType.NORMAL && data.length > 0
    this.#entries.push(entry)
    this.committed.push({
      index,
      term,
      command: isCommand ? Command.decode(data, undefined, COMMAND_DEPTH) : undefined,
      change: type === EntryType.CONFIG_CHANGE ? ConfigChange.decode(data) : undefined,
      result: applied?.result,
      overQuota: applied?.raiseNoSpace ?? false,
      atMs: this.#nowMs(),
      member,
    })
  }

  #installed(member: string, index: number): void {
    const last = this.committed.at(-1)?.index ?? 0
    require(index <= last, 'apply order', () => {
      return `${member} installed a snapshot of ${index}, nobody has applied more than ${last}`
    })
    this.#lives.get(member)!.applied = index
  }
}

/** Raft shows its core to witnesses; judges look at the log in it. */
function inside(status: RaftStatus): Inside {
  const shown = status as Partial<Inside>
  if (typeof shown.log?.term !== 'function') throw new Error('the witness is shown no log')
  return status as Inside
}
