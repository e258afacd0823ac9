/**
 * How an instance is written in the store: etcd's naming format, and more.
 *
 *     services/orders/7f3a -> {"Op":0,"Addr":"10.0.0.7:8080","Metadata":null,
 *       "name":"orders","id":"7f3a","protocol":"grpc","version":"1.4.0",
 *       "weight":1,"status":"up","meta":{"zone":"a"}}
 *
 * Go's `etcd:///` resolver reads `Op`, `Addr` and `Metadata` and passes over the rest.
 * `Metadata` is always null: an object there makes Go's resolver panic, because it compares
 * addresses by value (etcd-io/etcd issue 19700). And Go does not tell upper case from lower case in names,
 * so no other field may be called `metadata`, either: ours is `meta`.
 *
 * What Go writes is `{"Op":0,"Addr":"10.0.0.7:80","Metadata":null}`, or `Addr` alone. The
 * id is then what follows the service in the key; everything else is the default.
 */

import { hostPort, type Instance, isMetadata, isStatus, isWeight } from './instance.js'

/** Fields as they are found. */
type Fields = Readonly<Record<string, unknown>>

/** What is stored for an instance. */
export function writeInstance(instance: Instance): string {
  const { name, id, protocol, version, weight, status, metadata } = instance
  return JSON.stringify({
    Op: 0,
    Addr: hostPort(instance),
    Metadata: null,
    name,
    id,
    protocol,
    version,
    weight,
    status,
    meta: metadata,
  })
}

/**
 * The instance that was stored, by whomever.
 *
 * The key says which it is, not the value. What is missing or makes no sense, apart from
 * the address, is as if it had not been told.
 *
 * @param name the service, and `id` the rest of the key.
 * @throws {Error} it is no JSON, or tells no address with a port.
 */
export function readInstance(name: string, id: string, text: string): Instance {
  const parsed: unknown = JSON.parse(text)
  if (typeof parsed !== 'object' || parsed === null) throw new Error('it is no object')
  const fields = parsed as Fields
  const { weight, status } = fields
  const metadata = fields['meta'] ?? field(fields, 'Metadata')
  return {
    name,
    id,
    ...addressOf(field(fields, 'Addr')),
    protocol: textOf(fields['protocol']),
    version: textOf(fields['version']),
    weight: isWeight(weight) ? weight : 1,
    metadata: isMetadata(metadata) ? metadata : {},
    status: isStatus(status) ? status : 'up',
  }
}

/** A field as Go finds it: by its name, or else by its name in any case. */
function field(fields: Fields, name: string): unknown {
  if (Object.hasOwn(fields, name)) return fields[name]
  const found = Object.keys(fields).find((key) => key.toLowerCase() === name.toLowerCase())
  return found === undefined ? undefined : fields[found]
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Takes `host:port` apart. @throws {Error} it is not. */
function addressOf(value: unknown): { readonly address: string; readonly port: number } {
  const found = /^(?:\[([^\s/[\]]+)\]|([^\s/:[\]]+)):(\d{1,5})$/.exec(textOf(value))
  const port = Number(found?.[3])
  if (found === null || port < 1 || port > 65_535)
    throw new Error(`its Addr is no address with a port: ${JSON.stringify(value)}`)
  return { address: (found[1] ?? found[2])!, port }
}
