/**
 * Mends the `:authority` of old etcd clients in an HPACK header block (RFC 7541).
 *
 * Go clients up to etcd 3.4, etcdctl among them, send the endpoint as it was given:
 * `:authority: http://127.0.0.1:2379`. Node's HTTP/2 refuses such a request before
 * anybody sees it. The block is walked field by field without a dynamic table; the
 * one literal named `:authority` is written anew without its scheme.
 *
 * That keeps both dynamic tables in step: the entry stays at its index, it only has a
 * shorter value, so the reader forgets entries no earlier than the writer believes.
 */

/** Huffman codes (RFC 7541, appendix B) of what may stand in a URL's scheme, host and port: bits as text. */
const CODES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    5: '0:00 1:01 2:02 a:03 c:04 e:05 i:06 o:07 s:08 t:09',
    6: '%:14 -:16 .:17 /:18 3:19 4:1a 5:1b 6:1c 7:1d 8:1e 9:1f A:21 _:22 b:23 d:24 f:25 g:26 h:27 l:28 m:29 n:2a p:2b r:2c u:2d',
    7: '::5c B:5d C:5e D:5f E:60 F:61 G:62 H:63 I:64 J:65 K:66 L:67 M:68 N:69 O:6a P:6b Q:6c R:6d S:6e T:6f U:70 V:71 W:72 Y:73 j:74 k:75 q:76 v:77 w:78 x:79 y:7a z:7b',
    8: 'X:fc Z:fd',
    13: '[:1ffb ]:1ffc',
  }).flatMap(([bits, row]) =>
    row.split(' ').map((item): [string, string] => {
      const code = Number.parseInt(item.slice(2), 16)
      return [code.toString(2).padStart(Number(bits), '0'), item[0]!]
    }),
  ),
)
const CODE_BITS_MAX = 13

const STATIC_INDEX_AUTHORITY = 1
const SCHEME = /^https?:\/\/(.+)$/

/** The block with a mended `:authority`, or undefined when nothing needs mending or the block cannot be walked. */
export function mendAuthority(block: Buffer): Buffer | undefined {
  const walk = new Walk(block)
  while (walk.more) {
    const start = walk.at
    const first = walk.peek()
    if (first >= 0x80) {
      walk.integer(7)
      continue
    }
    if (first >= 0x20 && first < 0x40) {
      walk.integer(5)
      continue
    }
    const indexed = first >= 0x40
    const name = walk.integer(indexed ? 6 : 4)
    if (name === 0) walk.skipString()
    const valueAt = walk.at
    const isAuthority = name === STATIC_INDEX_AUTHORITY
    if (!isAuthority) {
      walk.skipString()
      continue
    }
    const host = SCHEME.exec(walk.string() ?? '')?.[1]
    if (host === undefined || walk.broken || host.length > 126) return undefined
    const value = Buffer.from(host, 'latin1')
    return Buffer.concat([
      block.subarray(0, start),
      block.subarray(start, valueAt),
      Buffer.from([value.length]),
      value,
      block.subarray(walk.at),
    ])
  }
  return undefined
}

/** A place in a header block. Reading past the end makes it broken and ends it. */
class Walk {
  readonly #block: Buffer
  at = 0
  broken = false

  constructor(block: Buffer) {
    this.#block = block
  }

  get more(): boolean {
    return !this.broken && this.at < this.#block.length
  }

  peek(): number {
    return this.#block[this.at] ?? this.#fail()
  }

  /** An integer with this many bits in its first byte (section 5.1). */
  integer(prefixBits: number): number {
    const max = (1 << prefixBits) - 1
    let value = this.#next() & max
    if (value < max) return value
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#next()
      value += (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    return this.#fail()
  }

  skipString(): void {
    const length = this.integer(7)
    this.at += length
    if (this.at > this.#block.length) this.#fail()
  }

  /** A string literal (section 5.2); undefined when it has characters that no authority has. */
  string(): string | undefined {
    const huffman = this.peek() >= 0x80
    const length = this.integer(7)
    const bytes = this.#block.subarray(this.at, this.at + length)
    if (bytes.length < length) this.#fail()
    this.at += length
    return huffman ? decodeHuffman(bytes) : bytes.toString('latin1')
  }

  #next(): number {
    return this.#block[this.at++] ?? this.#fail()
  }

  #fail(): number {
    this.broken = true
    return 0
  }
}

function decodeHuffman(bytes: Buffer): string | undefined {
  let text = ''
  let code = ''
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code += (byte >> bit) & 1
      const char = CODES.get(code)
      if (char !== undefined) {
        text += char
        code = ''
      } else if (code.length > CODE_BITS_MAX) return undefined
    }
  }
  // What is left is padding: up to seven ones.
  return /^1{0,7}$/.test(code) ? text : undefined
}
