/**
 * What a log must hold after each append, and random appends that raft could make.
 *
 * The model is a list of states, one per append. After a crash the log must be one of
 * them: not older than the last that was acknowledged, and exactly it.
 */

import type { Entry, HardState, SnapshotMetadata } from '../../client/wire/generated/raft.js'
import type { WalBatch, WalContents } from '../../server/storage/wal.js'
import type { SeededRandom } from '../model/random.js'

/** The log after some append. */
export interface WalModelState {
  readonly hardState: HardState
  readonly snapshot: SnapshotMetadata
  readonly entries: readonly Entry[]
}

/** A log that was just made. */
export const EMPTY_WAL: WalModelState = {
  hardState: { term: 0, vote: 0n, commit: 0 },
  snapshot: { index: 0, term: 0, confState: undefined },
  entries: [],
}

/** Index of the last entry. */
export function lastIndex(state: WalModelState): number {
  return state.snapshot.index + state.entries.length
}

function termAt({ snapshot, entries }: WalModelState, index: number): number | undefined {
  return index === snapshot.index ? snapshot.term : entries[index - snapshot.index - 1]?.term
}

/** The state after this append, from the words of the Raft paper and not from the log's code. */
export function applyBatch(state: WalModelState, batch: WalBatch): WalModelState {
  let { hardState, snapshot, entries } = state
  if (batch.snapshot !== undefined) {
    const { index, term } = batch.snapshot
    const known = termAt(state, index) === term
    entries = known ? entries.filter((entry) => entry.index > index) : []
    snapshot = batch.snapshot
  }
  const [first] = batch.entries ?? []
  if (first !== undefined)
    entries = [...entries.filter((entry) => entry.index < first.index), ...batch.entries!]
  if (batch.hardState !== undefined) hardState = batch.hardState
  const commit = Math.max(hardState.commit, snapshot.index)
  return { hardState: { ...hardState, commit }, snapshot, entries }
}

/** Whether the log was found in this state. */
export function isState(found: WalContents, state: WalModelState): boolean {
  return render(found) === render(state)
}

/** The state in a line, for comparing and for messages. */
export function render({ hardState, snapshot, entries }: WalModelState | WalContents): string {
  const list = entries.map(
    ({ index, term, type, data }) =>
      `${index}/${term}/${type}:${Buffer.from(data).toString('base64')}`,
  )
  const { term, vote, commit } = hardState
  const voters = snapshot.confState?.voters.join() ?? ''
  return `term ${term} vote ${vote} commit ${commit}; snapshot ${snapshot.index}/${snapshot.term}/${voters}; ${list.join(' ')}`
}

/** An append that raft could make in this state. */
export function randomBatch(random: SeededRandom, state: WalModelState): WalBatch {
  const kind = random.weighted({
    entries: 8,
    overwrite: 2,
    commit: 3,
    vote: 1,
    mark: 2,
    install: 0.5,
  })
  const { hardState, snapshot } = state
  const last = lastIndex(state)
  const commit = random.between(hardState.commit, last)
  switch (kind) {
    case 'entries':
    case 'overwrite': {
      const newTerm = kind === 'overwrite' || random.chance(0.1)
      const term = Math.max(hardState.term + (newTerm ? 1 : 0), 1)
      const first = kind === 'overwrite' ? random.between(hardState.commit + 1, last + 1) : last + 1
      const entries = randomEntries(random, first, term)
      const changed = { term, vote: newTerm ? 0n : hardState.vote, commit: hardState.commit }
      return random.chance(0.7) || newTerm
        ? { entries, hardState: changed, mustSync: true }
        : { entries, mustSync: true }
    }
    case 'commit':
      return { hardState: { ...hardState, commit }, mustSync: random.chance(0.2) }
    case 'vote': {
      const vote = BigInt(random.between(1, 5))
      return { hardState: { ...hardState, term: hardState.term + 1, vote }, mustSync: true }
    }
    case 'mark': {
      const index = random.between(snapshot.index, hardState.commit)
      const term = termAt(state, index)!
      return { snapshot: { index, term, confState: voters(random) }, mustSync: true }
    }
    case 'install': {
      const term = hardState.term + 1
      // Beyond the log, or where the log has an entry of another term.
      const index = random.between(hardState.commit + 1, last + 10)
      const marker = { index, term, confState: voters(random) }
      const entries = random.chance(0.3) ? randomEntries(random, index + 1, term) : []
      return {
        snapshot: marker,
        entries,
        hardState: { term, vote: 0n, commit: index },
        mustSync: true,
      }
    }
  }
}

function randomEntries(random: SeededRandom, first: number, term: number): Entry[] {
  const length = random.between(1, 4)
  return Array.from({ length }, (_, at) => {
    const size = random.weighted({ none: 1, small: 6, large: 2, huge: 0.4 })
    const bytes = {
      none: 0,
      small: random.between(1, 80),
      large: random.between(81, 1500),
      huge: 3000,
    }
    const data = new Uint8Array(bytes[size]).fill(random.between(0, 255))
    return { index: first + at, term, type: random.chance(0.1) ? 1 : 0, data }
  })
}

function voters(random: SeededRandom): SnapshotMetadata['confState'] {
  const ids = Array.from({ length: random.between(1, 3) }, (_, at) => BigInt(at + 1))
  return { voters: ids, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false }
}
