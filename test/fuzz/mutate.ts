/** Small changes to bytes: what a bad disk, a bad network or a bad peer does to something valid. */

import type { SeededRandom } from '../model/random.js'

/** Bytes at which integers change their length, sign or meaning. */
const EDGES = [0x00, 0x01, 0x7f, 0x80, 0x81, 0xfe, 0xff, 0x0a, 0x20]

/** Where no more is added. */
const BYTES_MAX = 64 * 1024

/** One to five changes; `others` lend pieces to be spliced in. */
export function mutate(
  random: SeededRandom,
  bytes: Uint8Array,
  others: readonly Uint8Array[] = [],
): Buffer {
  let out: Buffer = Buffer.from(bytes)
  for (let left = random.between(1, 5); left > 0; left--) out = change(random, out, others)
  return out.subarray(0, BYTES_MAX)
}

function change(random: SeededRandom, bytes: Buffer, others: readonly Uint8Array[]): Buffer {
  const at = random.between(0, Math.max(0, bytes.length - 1))
  const until = Math.min(bytes.length, at + random.between(1, 16))
  const kind = random.weighted({
    flip: 4,
    edge: 4,
    remove: 2,
    insert: 2,
    repeat: 2,
    cut: 1,
    splice: others.length > 0 ? 2 : 0,
  })
  const replaced = (middle: Uint8Array, end = at) =>
    Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(end)])
  switch (kind) {
    case 'flip':
      return replaced(Uint8Array.of((bytes[at] ?? 0) ^ (1 << random.between(0, 7))), at + 1)
    case 'edge':
      return replaced(Uint8Array.of(random.pick(EDGES)), at + 1)
    case 'remove':
      return replaced(new Uint8Array(0), until)
    case 'insert':
      return replaced(random.bytes(random.between(1, 8)))
    case 'repeat':
      return replaced(bytes.subarray(at, until))
    case 'cut':
      return bytes.subarray(0, at)
    case 'splice': {
      const other = random.pick(others)
      const from = random.between(0, other.length)
      return replaced(other.subarray(from, from + random.between(1, 64)), until)
    }
  }
}

/** Cuts bytes into pieces as a network does; their concatenation is the bytes. */
export function pieces(random: SeededRandom, bytes: Uint8Array, countMax: number): Buffer[] {
  const cuts = Array.from({ length: random.between(0, countMax - 1) }, () =>
    random.between(0, bytes.length),
  ).sort((a, b) => a - b)
  const all = Buffer.from(bytes)
  return [0, ...cuts].map((from, i) => all.subarray(from, cuts[i] ?? all.length))
}

/** The form of bytes in a case. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** Bytes of a case. */
export function fromHex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}
