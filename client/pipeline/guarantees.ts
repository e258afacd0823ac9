/** What a client may rely on, as far as it knows its cluster. */

/**
 * Whether a client uses the pipeline: `auto` when the server offers it, `off` never,
 * `require` refuses to do without.
 */
export type PipelineMode = 'auto' | 'off' | 'require'

/**
 * What holds for the calls of a client: for gets, puts, deletes, transactions, compactions, and grants
 * and revocations of leases.
 *
 * Calls that the pipeline does not carry are as with `unary`: serializable reads, physical
 * compactions, calls with metadata of their own, and every other method.
 */
export interface Guarantees {
  /**
   * How they travel: together on one stream, each as a request of its own, or `unknown`
   * before a server has answered. Settled by the first call or by `client.ready()`.
   */
  readonly transport: 'pipeline' | 'unary' | 'unknown'
  /**
   * `exactly-once`: an answered write was applied once, also when connections broke, leaders
   * died and the client changed members before the answer came. `at-most-once`: as long as
   * nothing fails; a write whose member fails is not repeated, and fails with `outcomeUnknown`.
   */
  readonly writes: 'exactly-once' | 'at-most-once'
  /**
   * `as issued`: the calls of this client are applied in the order in which they were made,
   * awaited or not. `none`: only a call that was awaited comes before the next.
   */
  readonly order: 'as issued' | 'none'
}

/** On the pipeline. */
export const PIPELINED: Guarantees = {
  transport: 'pipeline',
  writes: 'exactly-once',
  order: 'as issued',
}

/** Each call a request of its own. */
export const UNARY: Guarantees = { transport: 'unary', writes: 'at-most-once', order: 'none' }

/** What holds whatever the server turns out to be. */
export const UNSETTLED: Guarantees = {
  transport: 'unknown',
  writes: 'at-most-once',
  order: 'none',
}
