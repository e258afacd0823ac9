/**
 * Revisions as keys of the backend, byte for byte as etcd writes them: eight bytes
 * big-endian `main`, `_`, eight bytes big-endian `sub`, and `t` behind a tombstone.
 *
 * `main` counts transactions, `sub` the changes within one. As latin1 strings they
 * sort in the order in which the changes were made.
 */

/** A change's place in the history of the store. */
export interface Revision {
  readonly main: number
  readonly sub: number
}

const TWO_32 = 0x1_0000_0000
const KEY_LENGTH = 17

/** The backend key of a version. */
export function revisionKey(main: number, sub: number): string {
  const high = main < TWO_32 ? 0 : Math.floor(main / TWO_32)
  return String.fromCharCode(
    high >>> 24,
    (high >>> 16) & 0xff,
    (high >>> 8) & 0xff,
    high & 0xff,
    (main >>> 24) & 0xff,
    (main >>> 16) & 0xff,
    (main >>> 8) & 0xff,
    main & 0xff,
    0x5f,
    0,
    0,
    0,
    0,
    (sub >>> 24) & 0xff,
    (sub >>> 16) & 0xff,
    (sub >>> 8) & 0xff,
    sub & 0xff,
  )
}

/** The backend key of a tombstone: what a delete leaves. */
export function tombstoneKey(main: number, sub: number): string {
  return `${revisionKey(main, sub)}t`
}

/** Whether a backend key is that of a tombstone. */
export function isTombstone(key: string): boolean {
  return key.length === KEY_LENGTH + 1
}

/** The `main` of a backend key. */
export function mainOf(key: string): number {
  return word(key, 0) * TWO_32 + word(key, 4)
}

/** The `sub` of a backend key. */
export function subOf(key: string): number {
  return word(key, 13)
}

function word(key: string, at: number): number {
  const value =
    (key.charCodeAt(at) << 24) |
    (key.charCodeAt(at + 1) << 16) |
    (key.charCodeAt(at + 2) << 8) |
    key.charCodeAt(at + 3)
  return value >>> 0
}
