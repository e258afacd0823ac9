/**
 * Every generated codec under random and damaged bytes.
 *
 *     decode throws nothing but InvalidMessage
 *     protobufjs's reflection accepts and refuses the same bytes, and reads the same from them
 *     what was decoded survives encode and decode unchanged, and encodes to the same bytes again
 *     lists have no more items than the input has bytes
 */

import { isDeepStrictEqual } from 'node:util'
import { type Codec, encodeBytes, InvalidMessage } from '../../client/wire/codec.js'
import { fromHex, mutate, toHex } from './mutate.js'
import { randomWire } from './random-wire.js'
import { codecs, decodeByReflection, type Message, plain, root } from './reflection.js'
import { targetOf } from './target.js'

type CodecCase = {
  readonly codec: string
  readonly bytes: string
}

/** See the head of the file. */
export const codecTarget = targetOf<CodecCase>({
  name: 'codec',
  about: 'bytes into every generated codec, against protobufjs reflection',

  draw(random, known) {
    const old = known.length > 0 && random.chance(0.1) ? random.pick(known) : undefined
    const codec = old?.codec ?? random.pick(codecs).name
    const bytes = old ? fromHex(old.bytes) : randomWire(random, root.lookupType(codec))
    const pool = known.map((each) => fromHex(each.bytes))
    const kind = random.weighted({ asIs: old ? 0 : 4, mutated: 4, noise: 1 })
    if (kind === 'asIs') return { codec, bytes: toHex(bytes) }
    const drawn =
      kind === 'mutated' ? mutate(random, bytes, pool) : random.bytes(random.between(0, 60))
    return { codec, bytes: toHex(drawn) }
  },

  run({ codec: name, bytes: hex }) {
    const codec = codecs.find((each) => each.name === name)
    if (codec === undefined) throw new Error(`there is no codec ${name}`)
    const bytes = fromHex(hex)
    const ours = attempt(() => plain(codec.decode(bytes)))
    const theirs = attempt(() => decodeByReflection(root.lookupType(name), bytes))
    if (ours instanceof Error && !(ours instanceof InvalidMessage))
      throw new Error(`decode threw ${ours.name}: ${ours.message}`, { cause: ours })
    if (ours instanceof Error !== theirs instanceof Error)
      throw new Error(`ours: ${say(ours)}\nreflection: ${say(theirs)}`)
    if (ours instanceof Error) return
    if (!isDeepStrictEqual(ours, theirs))
      throw new Error(`read differently\nours: ${say(ours)}\nreflection: ${say(theirs)}`)
    if (itemsOf(ours) > bytes.length)
      throw new Error(`${itemsOf(ours)} list items from ${bytes.length} bytes`)
    survives(codec, ours as Message)
  },
})

function survives(codec: Codec<Message>, message: Message): void {
  const encoded = encodeBytes(codec, message as never)
  const again = plain(codec.decode(encoded))
  if (!isDeepStrictEqual(again, message))
    throw new Error(`does not survive\nbefore: ${say(message)}\nafter: ${say(again)}`)
  const twice = encodeBytes(codec, again as never)
  if (Buffer.compare(encoded, twice) !== 0) throw new Error('encodes differently the second time')
}

function attempt(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error instanceof Error ? error : new Error(`not an error: ${error}`)
  }
}

function itemsOf(value: unknown): number {
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return 0
  const below = Object.values(value).reduce((sum: number, item) => sum + itemsOf(item), 0)
  return below + (Array.isArray(value) ? value.length : 0)
}

function say(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? `${item}n` : item))
}
