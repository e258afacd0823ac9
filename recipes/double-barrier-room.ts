/**
 * The keys of a double barrier, and what they say.
 *
 * `<name>/waiters/<lease>` is a participant; its create revision is its place. `<name>/round`
 * is the create revision of the last one who was let in, in decimal: those up to it are in.
 * It says nothing once none of them is left, so one that is left behind does no harm.
 */

import { type GetOpResult, type KeyValue, type Op, type OpResult, op } from '../client/index.js'
import { checkName } from './names.js'

/** What was so at a revision. */
export interface Look {
  readonly revision: number
  /** Those up to this create revision were let in; 0 for nobody ever. */
  readonly round: number
  /** Of the last put of the round; 0 when it is missing. */
  readonly roundRevision: number
  /** The oldest participants, as many as are needed at most, oldest first. */
  readonly oldest: readonly KeyValue[]
}

/** What a participant says of itself. */
export interface Card {
  readonly owner: string
  /** How many it waits for; undefined when it does not say. */
  readonly count: number | undefined
}

/** See the head of the file. */
export class Room {
  readonly name: string
  readonly count: number
  readonly waiters: { readonly prefix: string }
  readonly roundKey: string

  /** @throws {ConclaveError} `invalid-argument`: the name is empty or ends in `/`. */
  constructor(name: string, count: number) {
    checkName(name)
    this.name = name
    this.count = count
    this.waiters = { prefix: `${name}/waiters/` }
    this.roundKey = `${name}/round`
  }

  /** What to read for a {@link look}. */
  reads(): Op[] {
    const oldest = { sort: 'createRevision', order: 'ascending', limit: this.count } as const
    return [op.get(this.roundKey), op.get(this.waiters, oldest)]
  }

  /** From the results of {@link reads}. */
  look(results: readonly OpResult[], revision: number): Look {
    const [round, oldest] = results as readonly GetOpResult[]
    const kv = round?.kvs[0]
    return {
      revision,
      round: kv === undefined ? 0 : Number(kv.text()),
      roundRevision: kv?.modRevision ?? 0,
      oldest: oldest?.kvs ?? [],
    }
  }

  /** Whether somebody is still in who was let in before the one with this token came. */
  isBusy({ round, oldest }: Look, token: number): boolean {
    return oldest[0] !== undefined && oldest[0].createRevision <= round && round < token
  }

  card(owner: string): string {
    return JSON.stringify({ owner, count: this.count })
  }
}

/** What a participant says of itself, if it is one of ours. */
export function cardOf(kv: KeyValue): Card {
  try {
    const { owner, count } = Object(kv.json()) as { owner?: unknown; count?: unknown }
    return {
      owner: typeof owner === 'string' ? owner : '',
      count: typeof count === 'number' ? count : undefined,
    }
  } catch {
    return { owner: '', count: undefined }
  }
}
