/** What every database demands of a key, so that all implementations refuse the same ones. */

/** Longest key in bytes: the limit of LMDB with 4 KiB pages. */
export const KEY_BYTES_MAX = 1978

/** Throws unless `key` is 1 to {@link KEY_BYTES_MAX} latin1 characters. */
export function assertKey(key: string): void {
  if (key.length === 0 || key.length > KEY_BYTES_MAX)
    throw new Error(`A database key has 1 to ${KEY_BYTES_MAX} bytes, not ${key.length}`)
  let bits = 0
  for (let i = 0; i < key.length; i++) bits |= key.charCodeAt(i)
  if (bits > 0xff) throw new Error('A database key is a latin1 string, one character per byte')
}
