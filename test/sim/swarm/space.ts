/**
 * Operators of a cluster whose space ran out: they compact and lift the alarm; when that
 * does not help they delete, since what is left is live data.
 */

import { type Client, ConclaveError } from '../../../client/index.js'
import { AlarmAction, AlarmType, DeleteRangeRequest } from '../../../client/wire/generated/rpc.js'
import { Maintenance } from '../../../client/wire/methods.js'
import type { Recorder } from '../../check/recorder.js'
import type { Fleet } from './fleet.js'
import { isReadable } from './membership.js'

/** How often they look, in milliseconds. */
const LOOK_MS = 2_000
const REQUEST_MS = 3_000
/** After so many looks in a row that found the alarm they delete. */
const LOOKS_MAX = 2
/** Keys that nothing but the values of others depends on: those of registers, lists, transactions, leases. */
const PREFIXES = ['l', 'r', 't', 'x']

/** See the head of the file. */
export class SpaceKeeper {
  readonly #fleet: Fleet
  readonly #recorder: Recorder
  readonly #onCrash: (error: unknown) => void
  #stopped = false
  #busy = false
  /** Looks in a row that found the alarm. */
  #looks = 0

  constructor(fleet: Fleet, recorder: Recorder, onCrash: (error: unknown) => void) {
    this.#fleet = fleet
    this.#recorder = recorder
    this.#onCrash = onCrash
  }

  /** Looks from now on. */
  begin(): void {
    this.#fleet.world.clock.after(LOOK_MS, () => {
      if (this.#stopped) return
      if (!this.alarmed) this.#looks = 0
      else if (!this.#busy) void this.#free()
      this.begin()
    })
  }

  stop(): void {
    this.#stopped = true
  }

  /** Whether some member knows of an alarm. */
  get alarmed(): boolean {
    return this.#fleet.seats.some(({ machine: { member } }) => {
      return member && isReadable(member) && member.machine.alarms.active(AlarmType.NOSPACE)
    })
  }

  async #free(): Promise<void> {
    this.#busy = true
    const client = this.#fleet.operatorClient()
    try {
      if (++this.#looks > LOOKS_MAX) await this.#delete(client)
      await this.#compact(client)
      for (const { ID } of this.#fleet.membership.members) await this.#disarm(client, ID)
    } catch (error) {
      this.#onCrash(error)
    } finally {
      client.close()
      this.#busy = false
    }
  }

  async #delete(client: Client): Promise<void> {
    for (const prefix of PREFIXES) {
      const request = DeleteRangeRequest.create({
        key: Buffer.from(`${prefix}/`),
        rangeEnd: Buffer.from(`${prefix}0`),
      })
      const asker = { process: 'operator', client }
      const call = { kind: 'deleteRange', request } as const
      await this.#recorder.perform(asker, call, { timeoutMs: REQUEST_MS })
    }
  }

  async #compact(client: Client): Promise<void> {
    const revisions = this.#fleet.current.map(({ machine: { member } }) =>
      member && isReadable(member) ? member.machine.store.revision : 0,
    )
    const revision = Math.max(...revisions)
    await tolerated(() => client.kv.compact(revision, { timeoutMs: REQUEST_MS }))
  }

  async #disarm(client: Client, memberID: bigint): Promise<void> {
    const request = { action: AlarmAction.DEACTIVATE, memberID, alarm: AlarmType.NOSPACE }
    await tolerated(() => client.rpc(Maintenance.alarm, request, { timeoutMs: REQUEST_MS }))
    this.#fleet.world.log.say('operator', `disarms ${memberID.toString(16)}`)
  }
}

/** Asks; the cluster may refuse or not answer. */
async function tolerated(request: () => Promise<unknown>): Promise<void> {
  try {
    await request()
  } catch (error) {
    if (!(error instanceof ConclaveError)) throw error
  }
}
