/** The port to DNS: which machines offer a service. */

/** One SRV record. */
export interface ServiceRecord {
  readonly host: string
  readonly port: number
  /** Lower is to be used first. */
  readonly priority: number
  /** Among equals, higher is to be used more. */
  readonly weight: number
}

/** All records of a name. */
export type FoundRecords = readonly ServiceRecord[]

/**
 * A name was not found.
 *
 * @example
 * const records: ServiceRecords = {
 *   async find(name) {
 *     throw new ServiceRecordsError(`${name} is not in our table`, true)
 *   },
 *   close() {},
 * }
 */
export class ServiceRecordsError extends Error {
  override readonly name = 'ServiceRecordsError'

  /** @param isLasting the name has no such records; asking again would not help. */
  constructor(
    message: string,
    readonly isLasting: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Looks up SRV records. */
export interface ServiceRecords {
  /** @throws {ServiceRecordsError} */
  find(name: string): Promise<FoundRecords>
  /** Ends lookups that are under way. */
  close(): void
}
