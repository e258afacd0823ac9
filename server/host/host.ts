/** All ports of a member in one bundle: everything that it may ask of the world. */

import type { Clock } from '../../client/host/clock.js'
import type { Log } from '../../client/host/log.js'
import type { Random } from '../../client/host/random.js'
import type { Transport } from '../../client/host/transport.js'
import type { Databases } from './database.js'
import type { Disk } from './disk.js'
import type { Listener } from './listener.js'

/** The world as one member sees it. */
export interface Host {
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly databases: Databases
  readonly transport: Transport
  readonly listener: Listener
  readonly log: Log
  /**
   * Ends the member for good: a failed sync, a corrupt log, a broken assertion.
   * Not an error to be handled: a member that cannot trust its own state must not
   * go on. The process exits; embedded, the member stops; simulated, only it dies.
   */
  exit(reason: Error): void
}
