/**
 * A DNS server on loopback that knows SRV records and nothing else (RFC 1035, RFC 2782).
 *
 * A name in its table is answered with its records, or with the response code that stands there
 * instead; every other name does not exist.
 */

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { ServiceRecord } from '../../client/index.js'

/** Response codes of RFC 1035, section 4.1.1. */
export const ResponseCode = { serverFailure: 2, nameError: 3 } as const

/** What a name is answered with; `silent`: nothing at all. */
export type Entry = readonly ServiceRecord[] | number | 'silent'

const HEADER_BYTES = 12
const TYPE_SRV = 33
const CLASS_IN = 1
const TTL_SECONDS = 1
/** A pointer to the name of the question, which begins behind the header. */
const NAME_OF_QUESTION = 0xc000 | HEADER_BYTES
/** Response, recursion desired and available. */
const RESPONSE_FLAGS = 0x8180

/** See the head of the file. */
export class DnsServer {
  /** Every name that was asked for, in order. */
  readonly asked: string[] = []
  readonly #socket: Socket
  readonly #table: Readonly<Record<string, Entry>>

  private constructor(socket: Socket, table: Readonly<Record<string, Entry>>) {
    this.#socket = socket
    this.#table = table
    socket.on('message', (message, from) => this.#answer(message, from))
  }

  /** @param table by full name in lower case. */
  static async start(table: Readonly<Record<string, Entry>>): Promise<DnsServer> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new DnsServer(socket, table)
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`
  }

  async stop(): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }

  #answer(message: Buffer, { port, address }: RemoteInfo): void {
    const { name, end } = nameAt(message, HEADER_BYTES)
    this.asked.push(name)
    const entry = this.#table[name] ?? ResponseCode.nameError
    if (entry === 'silent') return
    const records = typeof entry === 'number' ? [] : entry
    const header = Buffer.alloc(HEADER_BYTES)
    header.writeUInt16BE(message.readUInt16BE(0), 0)
    header.writeUInt16BE(RESPONSE_FLAGS | (typeof entry === 'number' ? entry : 0), 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(records.length, 6)
    // The type and the class follow the name.
    const question = message.subarray(HEADER_BYTES, end + 4)
    this.#socket.send(Buffer.concat([header, question, ...records.map(encoded)]), port, address)
  }
}

function encoded({ host, port, priority, weight }: ServiceRecord): Buffer {
  const target = Buffer.concat([
    ...host.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.alloc(1),
  ])
  const fields = Buffer.alloc(18)
  for (const [i, value] of [NAME_OF_QUESTION, TYPE_SRV, CLASS_IN].entries())
    fields.writeUInt16BE(value, 2 * i)
  fields.writeUInt32BE(TTL_SECONDS, 6)
  for (const [i, value] of [6 + target.length, priority, weight, port].entries())
    fields.writeUInt16BE(value, 10 + 2 * i)
  return Buffer.concat([fields, target])
}

function nameAt(message: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = []
  let at = start
  for (let length = message[at]!; length > 0; length = message[at]!) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}
