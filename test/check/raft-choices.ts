/**
 * What a Raft group decides: who leads, and which entry stands at each index for ever.
 *
 * - *election safety*: one leader a term;
 * - *leader append-only*: a leader's log only grows;
 * - *commit order*: a member's commit index never goes back in a life;
 * - *counts its own term*: a leader moves the commit index to an entry of its term (5.4.2);
 * - *commit is durable*: which then is on the disks of a quorum of its voters;
 * - *one choice an index*: all members name the same term for a committed index;
 * - *leader completeness*: what was committed in an earlier term is in a new leader's log.
 *
 * The rules are those of server/raft/simulation/judge.ts. Here members are only seen when
 * they give output, not after each call, so nothing is said about who counted first.
 */

import { quorums } from '../../server/raft/simulation/judge.js'
import { require } from '../../server/raft/simulation/violation.js'
import { type Inside, name } from './raft-promises.js'

/** A member as it was at its last output in this life. */
interface Seen {
  readonly term: number
  readonly leads: boolean
  readonly commit: number
  readonly lastIndex: number
  readonly lastTerm: number | undefined
}

interface Chosen {
  readonly term: number
  /** The term in which it was first seen committed, or a later one. */
  readonly countedIn: number
}

/** See the head of the file. */
export class RaftChoices {
  readonly #chosen = new Map<number, Chosen>()
  #chosenLast = 0
  readonly #leaders = new Map<number, bigint>()
  /** The newest life of each member, the dead ones as they died. */
  readonly #members = new Map<bigint, Inside>()
  readonly #seen = new Map<bigint, Seen>()

  /** How many terms had a leader. */
  get leaders(): number {
    return this.#leaders.size
  }

  /** The highest index known to be committed. */
  get chosenLast(): number {
    return this.#chosenLast
  }

  /** The term of the entry that was committed there, if it was. */
  termAt(index: number): number | undefined {
    return this.#chosen.get(index)?.term
  }

  /** A life ended: the next one may start at a lower commit index. */
  ended(id: bigint): void {
    this.#seen.delete(id)
  }

  /** A member gave output. */
  observe(status: Inside): void {
    const { id, term, role, commit, lastIndex } = status
    this.#members.set(id, status)
    const before = this.#seen.get(id)
    const leads = role === 'leader'
    const led = leads && before?.leads === true && before.term === term
    require(term >= (before?.term ?? 0), 'terms grow', () => {
      return `member ${name(id)} went from term ${before?.term} to ${term}`
    })
    if (leads && !led) this.#elected(status)
    if (led) this.#onlyGrew(status, before)
    const from = before?.commit ?? 0
    require(commit >= from && commit <= lastIndex, 'commit order', () => {
      return `member ${name(id)} went from commit ${from} to ${commit}, last entry ${lastIndex}`
    })
    if (commit > from) this.#committed(status, from, before !== undefined)
    const lastTerm = status.log.term(lastIndex)
    this.#seen.set(id, { term, leads, commit, lastIndex, lastTerm })
  }

  #elected(status: Inside): void {
    const { id, term, firstIndex } = status
    const other = this.#leaders.get(term) ?? id
    require(other === id, 'election safety', () => {
      return `members ${name(other)} and ${name(id)} both lead term ${term}`
    })
    this.#leaders.set(term, id)
    for (let index = firstIndex - 1; index <= this.#chosenLast; index++)
      this.#complete(status, index)
  }

  #complete(leader: Inside, index: number): void {
    const chosen = this.#chosen.get(index)
    const { id, term, firstIndex } = leader
    if (chosen === undefined || chosen.countedIn >= term || index < firstIndex - 1) return
    const held = leader.log.term(index)
    require(held === chosen.term, 'leader completeness', () => {
      return `member ${name(id)} leads term ${term} with entry ${index} of term ${held}, committed was ${chosen.term} in term ${chosen.countedIn}`
    })
  }

  #onlyGrew(status: Inside, before: Seen): void {
    const { id, lastIndex, firstIndex, log } = status
    const kept = before.lastIndex < firstIndex || log.term(before.lastIndex) === before.lastTerm
    require(lastIndex >= before.lastIndex && kept, 'leader append-only', () => {
      return `member ${name(id)} had ${before.lastIndex} entries as leader and now ${lastIndex}`
    })
  }

  /** @param counted in this life, not taken over from the disk. */
  #committed(status: Inside, from: number, counted: boolean): void {
    const { commit, firstIndex, term } = status
    const news = commit > this.#chosenLast
    if (news && counted && status.role === 'leader') this.#counted(status)
    for (let index = Math.max(from + 1, firstIndex - 1); index <= commit; index++)
      this.#choose(status, index)
    if (!news) return
    for (const other of this.#members.values()) {
      if (other.role !== 'leader' || other.term <= term) continue
      for (let index = from + 1; index <= commit; index++) this.#complete(other, index)
    }
  }

  #choose(status: Inside, index: number): void {
    const held = status.log.term(index)
    if (held === undefined) return
    const known = this.#chosen.get(index)
    require(known === undefined || known.term === held, 'one choice an index', () => {
      return `member ${name(status.id)} commits ${index} of term ${held}, chosen was ${known?.term}`
    })
    if (known !== undefined) return
    this.#chosen.set(index, { term: held, countedIn: status.term })
    this.#chosenLast = Math.max(this.#chosenLast, index)
  }

  #counted({ id, commit, term, log, confState }: Inside): void {
    const held = log.term(commit)
    require(held === term, 'counts its own term', () => {
      return `member ${name(id)} of term ${term} committed entry ${commit} of term ${held}`
    })
    for (const voters of quorums(confState)) {
      const holders = voters.filter((voter) => this.#holds(voter, commit, held))
      require(holders.length * 2 > voters.length, 'commit is durable', () => {
        const all = voters.map(name).join()
        return `member ${name(id)} committed ${commit}, on the disks of ${holders.map(name).join()} only, of ${all}`
      })
    }
  }

  #holds(id: bigint, index: number, term: number | undefined): boolean {
    const member = this.#members.get(id)
    if (member === undefined || member.durableIndex < index) return false
    return index < member.firstIndex || member.log.term(index) === term
  }
}
