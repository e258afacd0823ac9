/** A number from a name, the same in every process: what `H` in an expression stands for. */

const FNV_START = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** 32 bits: FNV-1a over the UTF-16 units, then the finalizer of MurmurHash3. */
export function nameHash(name: string): number {
  let hash = FNV_START
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), FNV_PRIME)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
