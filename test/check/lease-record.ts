/**
 * What processes did with leases and what they heard: the material of the lease judge.
 *
 * Places and times are those of the recorder that numbers the operations, so records and
 * operations have one common order. A grant and a revocation are recorded twice: as an
 * operation, for who judges the store, and here.
 */

/** What a request about a lease brought. */
export type LeaseAnswer =
  /** The lease was there. */
  | {
      readonly kind: 'ok'
      /**
       * In seconds. Grant: what was granted. Keep-alive: the TTL that begins anew. Time to
       * live: what is left, rounded as the server rounds. Revocation: 0.
       */
      readonly ttlSeconds: number
      /** Time to live only: what was granted. */
      readonly grantedTtlSeconds?: number
      /** Time to live only, when asked for: the keys that live with it. */
      readonly keys?: readonly Uint8Array[]
      /** Revision of the store in the header; undefined where the client does not show it. */
      readonly revision?: number
      /** Who answered; likewise. */
      readonly memberId?: bigint
    }
  /** The server says that there is no such lease. */
  | { readonly kind: 'gone' }
  /** The server refused by its rules: a grant of an id in use, say. It did not happen. */
  | { readonly kind: 'refused'; readonly error: string }
  /** It provably did not happen. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** It may have happened. For a keep-alive and a time to live: nobody answered in time. */
  | { readonly kind: 'unknown'; readonly reason: string }

/** One request about a lease. */
export interface LeaseRecord {
  readonly process: string
  readonly leaseId: bigint
  readonly kind: 'grant' | 'keepAlive' | 'timeToLive' | 'revoke'
  /**
   * Place in the common numbering, not after the request was sent. The renewals that a
   * client's keep-alive sends by itself are not seen when they are sent: their `began` is
   * the place of the answer before, and `beganMs` is reckoned from the client's clock and
   * rounded down, so it may be earlier than the truth by some percent of the round trip.
   */
  readonly began: number
  /** Milliseconds, not after the request was sent. */
  readonly beganMs: number
  /** Infinity while it is under way, and for an unknown outcome. */
  readonly ended: number
  /** Undefined while it is under way. */
  readonly endedMs: number | undefined
  /** Undefined while it is under way; judged as unknown. */
  readonly answer: LeaseAnswer | undefined
  /** Id of the operation that this is, for grants and revocations. */
  readonly operation?: number
}
