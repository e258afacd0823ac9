/**
 * The members of the cluster as one member sees them: the voter sets in force, the progress of
 * each member while this one leads, and the votes while it campaigns.
 */

import type { ConfState } from '../../client/wire/generated/raft.js'
import { membersOf } from './config-change.js'
import { Progress, type WindowLimits } from './progress.js'
import { jointIndex, jointVote, type VoteResult } from './quorum.js'

/** The voter sets and what is known of their members. */
export class Tracker {
  readonly #limits: WindowLimits
  #confState!: ConfState
  /** Every member, self included. Invariant: exactly the members of `confState`. */
  readonly progress = new Map<bigint, Progress>()
  /** Invariant: the progress of `confState.voters` and of `confState.votersOutgoing`. */
  #incoming: Progress[] = []
  #outgoing: Progress[] = []
  readonly #votes = new Map<bigint, boolean>()

  constructor(limits: WindowLimits, confState: ConfState) {
    this.#limits = limits
    this.setConfState(confState, 0)
  }

  get confState(): ConfState {
    return this.#confState
  }

  /** Puts a configuration in force; members that are new to it are probed after `lastIndex`. */
  setConfState(confState: ConfState, lastIndex: number): void {
    this.#confState = confState
    const members = membersOf(confState)
    const learners = new Set(confState.learners)
    for (const id of this.progress.keys()) if (!members.has(id)) this.progress.delete(id)
    for (const id of members) {
      const known = this.progress.get(id)
      if (known) known.isLearner = learners.has(id)
      else this.#track(id, lastIndex, learners.has(id))
    }
    this.#incoming = this.#select(confState.voters)
    this.#outgoing = this.#select(confState.votersOutgoing)
  }

  #track(id: bigint, lastIndex: number, isLearner: boolean): void {
    const progress = new Progress(id, lastIndex + 1, isLearner, this.#limits)
    // A member that has just come must not fail the next quorum check.
    progress.recentActive = true
    this.progress.set(id, progress)
  }

  #select(ids: readonly bigint[]): Progress[] {
    return ids.map((id) => this.progress.get(id)!)
  }

  /** Forgets all progress, for a new leader whose log ends at `lastIndex`. */
  resetProgress(lastIndex: number): void {
    for (const [id, { isLearner }] of this.progress)
      this.progress.set(id, new Progress(id, lastIndex + 1, isLearner, this.#limits))
    this.#incoming = this.#select(this.#confState.voters)
    this.#outgoing = this.#select(this.#confState.votersOutgoing)
  }

  /** Votes in at least one of the two sets. */
  isVoter(id: bigint): boolean {
    return this.#confState.voters.includes(id) || this.#confState.votersOutgoing.includes(id)
  }

  isMember(id: bigint): boolean {
    return this.progress.has(id)
  }

  /** The voters of both sets, each once. */
  voters(): Iterable<bigint> {
    return new Set([...this.#confState.voters, ...this.#confState.votersOutgoing])
  }

  /** The last index that the needed majorities have on disk. */
  committedIndex(): number {
    return jointIndex(this.#incoming.map(matchOf), this.#outgoing.map(matchOf))
  }

  /** The newest heartbeat round that the needed majorities have answered. */
  confirmedRound(): number {
    return jointIndex(this.#incoming.map(roundOf), this.#outgoing.map(roundOf))
  }

  /** The needed majorities have been heard from since {@link clearActive}. */
  quorumActive(): boolean {
    return jointVote(this.#incoming.map(activeOf), this.#outgoing.map(activeOf)) === 'won'
  }

  /** Starts a new period of {@link quorumActive}; only `self` stays active. */
  clearActive(self: bigint): void {
    for (const progress of this.progress.values()) progress.recentActive = progress.id === self
  }

  clearVotes(): void {
    this.#votes.clear()
  }

  /** Counts the first vote of a member; later ones change nothing. */
  recordVote(id: bigint, granted: boolean): VoteResult {
    if (!this.#votes.has(id)) this.#votes.set(id, granted)
    const voteOf = (progress: Progress) => this.#votes.get(progress.id)
    return jointVote(this.#incoming.map(voteOf), this.#outgoing.map(voteOf))
  }
}

const matchOf = (progress: Progress): number => progress.match
const roundOf = (progress: Progress): number => progress.heardRound
const activeOf = (progress: Progress): boolean => progress.recentActive
