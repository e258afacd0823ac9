/** The isolation levels of transactional memory: etcd's four, and what each is made of. */

/**
 * What a transaction may rely on, from most to least.
 *
 * | level | its reads | it commits if | what it lets happen |
 * | --- | --- | --- | --- |
 * | `serializable-snapshot` | of one revision | nothing that was read, and no key that it writes, was put since that revision | nothing |
 * | `serializable` | of one revision | nothing that was read has changed | it overwrites, unread, what others put meanwhile |
 * | `repeatable-reads` | each key the newest when first read | no key that was read has changed | phantoms in ranges; different keys of different revisions, in a body that will not commit |
 * | `read-committed` | each the newest | always | lost updates, write skew, reads that differ when repeated |
 *
 * All write everything at one revision or nothing, and none reads what is not committed.
 */
export type Isolation =
  | 'serializable-snapshot'
  | 'serializable'
  | 'repeatable-reads'
  | 'read-committed'

/** What a level is made of. */
export interface Level {
  /** All reads are of the revision of the first. */
  readonly pinsRevision: boolean
  /** Keys that were read must be unchanged. */
  readonly guardsReads: boolean
  /** Nothing may be new in ranges that were read. */
  readonly guardsRanges: boolean
  /** Keys that are written must not have been put since the revision of the first read. */
  readonly guardsWrites: boolean
}

/** By name. */
export const LEVELS: Readonly<Record<Isolation, Level>> = {
  'serializable-snapshot': {
    pinsRevision: true,
    guardsReads: true,
    guardsRanges: true,
    guardsWrites: true,
  },
  serializable: {
    pinsRevision: true,
    guardsReads: true,
    guardsRanges: true,
    guardsWrites: false,
  },
  'repeatable-reads': {
    pinsRevision: false,
    guardsReads: true,
    guardsRanges: false,
    guardsWrites: false,
  },
  'read-committed': {
    pinsRevision: false,
    guardsReads: false,
    guardsRanges: false,
    guardsWrites: false,
  },
}
