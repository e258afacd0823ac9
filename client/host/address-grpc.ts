/**
 * Addresses as people write them, and the target names of grpc-js.
 *
 * | written | target | TLS |
 * | --- | --- | --- |
 * | `http://host:port`, `host:port` | `dns:host:port` | no |
 * | `https://host:port` | `dns:host:port` | yes |
 * | `unix:///path`, `unix:path`, `unixs://…` | `unix:path` | `unixs` only |
 */

/** An address, taken apart. */
export interface GrpcAddress {
  /** What grpc-js calls a target. */
  readonly target: string
  readonly secure: boolean
  /** For messages: the address without its scheme. */
  readonly name: string
  /** Without its port: the name that a certificate must have. */
  readonly host: string
  /** 0 for a path. */
  readonly port: number
}

/** Port of etcd's client service, used when an address names none. */
export const DEFAULT_PORT = 2379

const PORT_MAX = 65_535

/** Scheme; a name, an IPv4 address or an IPv6 address in brackets, and perhaps a port. */
const TCP = /^(?:(https?):\/\/)?((?:\[[^\][/\s@]+\]|[^:/?#@[\]\s]+)(?::\d+)?)\/?$/

/**
 * Takes an address apart.
 *
 * @throws {TypeError} the address is none of the known forms.
 */
export function parseAddress(address: string): GrpcAddress {
  const unix = /^(unixs?):(?:\/\/)?(.+)$/.exec(address)
  if (unix !== null) {
    const path = unix[2]!
    return {
      target: `unix:${path}`,
      secure: unix[1] === 'unixs',
      name: path,
      host: 'localhost',
      port: 0,
    }
  }
  const tcp = TCP.exec(address)
  const name = tcp === null ? '' : withPort(tcp[2]!)
  if (tcp === null || portOf(name) > PORT_MAX)
    throw new TypeError(
      `not an address: '${withoutUser(address)}'; write http://host:port, https://host:port, host:port or unix:///path, and IPv6 in brackets`,
    )
  const host = name.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  return {
    target: `dns:${name}`,
    secure: tcp[1] === 'https',
    name,
    host,
    port: portOf(name),
  }
}

function portOf(name: string): number {
  return Number(/\d+$/.exec(name)![0])
}

/** What somebody took for a place for a user and a password is in no message. */
function withoutUser(address: string): string {
  return address.replace(/[^/]*@/, '…@')
}

/** Adds the default port where there is none; IPv6 addresses stand in brackets. */
function withPort(host: string): string {
  const hasPort = host.startsWith('[') ? /\]:\d+$/.test(host) : /:\d+$/.test(host)
  return hasPort ? host : `${host}:${DEFAULT_PORT}`
}
