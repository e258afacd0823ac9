/** Keys as strings of one character a byte: what maps are keyed by, and what orders as bytes do. */

/** The string of a key. */
export function keyText(key: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = key
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
}

/** The key of a string, in bytes of its own. */
export function keyBytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}
