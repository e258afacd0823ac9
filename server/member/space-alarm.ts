/** Raises the NOSPACE alarm when the database outgrows its quota. */

import type { Log } from '../../client/host/log.js'
import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { Command } from '../../client/wire/generated/command.js'
import { AlarmAction, AlarmType } from '../../client/wire/generated/rpc.js'
import type { StateMachine } from '../state/machine.js'
import type { CostlyRequest } from '../state/quota.js'

/** What the alarm needs of its member. */
export interface SpaceAlarmOptions {
  readonly log: Log
  readonly selfId: bigint
  readonly machine: () => StateMachine
  readonly propose: (command: Init<Command>) => Promise<unknown>
}

/** See the head of the file. */
export class SpaceAlarm {
  readonly #options: SpaceAlarmOptions
  /** It is on its way. */
  #raising = false

  constructor(options: SpaceAlarmOptions) {
    this.#options = options
  }

  /** Throws NOSPACE, and raises the alarm, when the command's cost does not fit the quota any more. */
  assertRoomFor(command: CostlyRequest): void {
    if (this.#options.machine().quota.available(command)) return
    this.raise()
    throw etcdErrors.noSpace.error()
  }

  /** Once at a time: what is on its way need not be said again by every refusal. */
  raise(): void {
    const { log, selfId, machine, propose } = this.#options
    if (this.#raising || machine().alarms.active(AlarmType.NOSPACE)) return
    this.#raising = true
    log.warn('the database is over its quota: writes stop until it is compacted and disarmed')
    const over = (): void => {
      this.#raising = false
    }
    propose({
      alarm: { action: AlarmAction.ACTIVATE, memberID: selfId, alarm: AlarmType.NOSPACE },
    }).then(over, over)
  }
}
