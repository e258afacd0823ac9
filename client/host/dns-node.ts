/** SRV records by Node's resolver. */

import { Resolver } from 'node:dns/promises'
import { type FoundRecords, type ServiceRecords, ServiceRecordsError } from './dns.js'

/** One question to one server; several servers are asked in turn. */
const QUESTION_MS = 2_000
const QUESTIONS_MAX = 2

/** Codes that tell that there is nothing to be found. */
const LASTING = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME'])

/** The resolver of this machine. */
export class NodeServiceRecords implements ServiceRecords {
  readonly #resolver = new Resolver({ timeout: QUESTION_MS, tries: QUESTIONS_MAX })

  /** @param servers who is asked, as `address:port`; default those of this machine. */
  constructor(servers?: readonly string[]) {
    if (servers !== undefined) this.#resolver.setServers(servers)
  }

  async find(name: string): Promise<FoundRecords> {
    try {
      const records = await this.#resolver.resolveSrv(name)
      return records.map(({ name: host, ...record }) => ({ host, ...record }))
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      throw new ServiceRecordsError(message, LASTING.has(code ?? ''), { cause: error })
    }
  }

  close(): void {
    this.#resolver.cancel()
  }
}
