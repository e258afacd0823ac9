/**
 * Endpoints that are found when they are first needed, by DNS.
 *
 * Until then one endpoint stands in for them, which refuses everything, so that whoever
 * asks waits or comes again. A name that fails for the moment is asked for again and again,
 * ever more slowly; one that does not exist is an answer.
 */

import { ConclaveError } from '../errors.js'
import { type FoundRecords, type ServiceRecords, ServiceRecordsError } from '../host/dns.js'
import { failedStream } from '../host/stream-failed.js'
import type { Channel, Transport } from '../host/transport.js'
import { RpcError, Status } from '../wire/status.js'
import { backoffMs } from './backoff.js'
import type { Connection } from './connection.js'

/** Which records name the members. */
export interface DiscoveryOptions {
  /** Domain of the records: `example.com` has `_etcd-client-ssl._tcp.example.com` and `_etcd-client._tcp.example.com`. */
  readonly domain: string
  /** For more than one cluster in a domain: `one` makes it `_etcd-client-ssl-one._tcp`. */
  readonly name?: string | undefined
}

/** Finds the endpoints of a client. */
export class Discovery {
  readonly #records: ServiceRecords
  readonly #options: DiscoveryOptions & { readonly tlsOnly: boolean }
  #connection: Connection | undefined
  #finding: Promise<void> | undefined
  #isPending = true
  /** Why the last lookup failed. */
  #trouble: ServiceRecordsError | undefined

  /** @param options.tlsOnly leave out members that serve without TLS, even if there are no others. */
  constructor(records: ServiceRecords, options: DiscoveryOptions & { readonly tlsOnly: boolean }) {
    this.#records = records
    this.#options = options
  }

  /** The name of the endpoint that stands in. */
  get address(): string {
    return `srv:${this.#options.domain}`
  }

  /** Are the endpoints still unknown? */
  get isPending(): boolean {
    return this.#isPending
  }

  /** Used by the connection: whose endpoints they are. */
  begin(connection: Connection): void {
    this.#connection = connection
    connection.own({ close: () => this.#records.close() })
  }

  /** Resolves when they are known. @throws {ConclaveError} `unavailable`: there are no such records. */
  find(): Promise<void> {
    if (!this.#isPending) return Promise.resolve()
    this.#finding ??= this.#find().finally(() => {
      this.#finding = undefined
    })
    return this.#finding
  }

  /** Why the endpoints are not known yet. */
  failure(): ConclaveError {
    const reason = this.#trouble?.message ?? 'no answer came in time'
    const text = `No member was found; check the domain. (${reason})`
    return new ConclaveError('unavailable', text, { cause: this.#trouble })
  }

  /** A transport that reaches found endpoints by another, and refuses the one that stands in. */
  transport(inner: Transport): Transport {
    return {
      connect: (address, options) =>
        address === this.address ? this.#standIn() : inner.connect(address, options),
    }
  }

  async #find(): Promise<void> {
    const connection = this.#connection!
    for (let failures = 1; ; failures++) {
      connection.assertOpen()
      try {
        const found = await lookUp(this.#records, this.#options)
        connection.endpoints.replace(found)
        connection.log.debug('endpoints were discovered', { endpoints: found })
        this.#isPending = false
        return
      } catch (error) {
        if (!(error instanceof ServiceRecordsError)) throw error
        this.#trouble = error
        if (error.isLasting) throw this.failure()
        connection.log.debug('a lookup failed', {
          domain: this.#options.domain,
          error: error.message,
        })
        await connection.sleep(backoffMs(failures, connection.random))
      }
    }
  }

  #standIn(): Channel {
    const refusal = () => {
      this.find().catch(() => {})
      const why = this.#trouble?.message ?? 'the endpoints are not known yet'
      return new RpcError(Status.UNAVAILABLE, why, true, { cause: this.#trouble })
    }
    return {
      call: async () => {
        throw refusal()
      },
      stream: () => failedStream(refusal()),
      close() {},
    }
  }
}

/**
 * The endpoints that the records of a domain name.
 *
 * Members with TLS are taken if there are any; without TLS only if there are none, since
 * a password that is sent in the clear once is no secret any more.
 */
async function lookUp(
  records: ServiceRecords,
  { domain, name, tlsOnly }: DiscoveryOptions & { readonly tlsOnly: boolean },
): Promise<string[]> {
  const suffix = name === undefined || name === '' ? '' : `-${name}`
  const find = async (service: string) =>
    await recordsOf(records, `_${service}${suffix}._tcp.${domain}`)
  const secure = await find('etcd-client-ssl')
  if (secure.length > 0) return addresses('https', secure)
  const plain = tlsOnly ? [] : await find('etcd-client')
  if (plain.length > 0) return addresses('http', plain)
  const names = tlsOnly ? '_etcd-client-ssl' : '_etcd-client-ssl or _etcd-client'
  throw new ServiceRecordsError(`${domain} has no SRV records ${names}`, true)
}

/** The records of a name; none when it does not exist. @throws {ServiceRecordsError} nobody knows. */
async function recordsOf(records: ServiceRecords, name: string): Promise<FoundRecords> {
  try {
    return await records.find(name)
  } catch (error) {
    if (error instanceof ServiceRecordsError && error.isLasting) return []
    throw error
  }
}

function addresses(scheme: string, records: FoundRecords): string[] {
  const sorted = [...records].sort((a, b) => a.priority - b.priority || b.weight - a.weight)
  return sorted.map(({ host, port }) => `${scheme}://${host.replace(/\.$/, '')}:${port}`)
}
