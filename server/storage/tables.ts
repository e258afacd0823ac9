/**
 * The tables of the backend database, fixed for the life of the format.
 *
 * `kv` holds every revision of every key under its revision, so it grows at the
 * end; the others are small. `meta` holds the applied index, the current revision
 * and their like, written in the same batch as what they describe.
 */

/** Names of all tables, in the order in which a snapshot carries them. */
export const TABLES = ['kv', 'lease', 'member', 'alarm', 'auth', 'session', 'meta'] as const

/** One of {@link TABLES}. */
export type Table = (typeof TABLES)[number]
