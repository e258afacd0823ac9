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
/** Keys that nothing but the values of others depends on: those of registers, lists, bursts, transactions, leases. */
const PREFIXES = ['l', 'p', 'r', 't', 'x']

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
      await this.#disarm(client)
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

  /** As `etcdctl alarm disarm` does: every alarm that there is, also of members that are gone. */
  async #disarm(client: Client): Promise<void> {
    const options = { timeoutMs: REQUEST_MS }
    const list = { action: AlarmAction.GET, memberID: 0n, alarm: AlarmType.NONE }
    const raised = await tolerated(() => client.rpc(Maintenance.alarm, list, options))
    for (const { memberID, alarm } of raised?.alarms ?? []) {
      const request = { action: AlarmAction.DEACTIVATE, memberID, alarm }
      await tolerated(() => client.rpc(Maintenance.alarm, request, options))
      this.#fleet.world.log.say('operator', `disarms ${memberID.toString(16)}`)
    }
  }
}

/** Asks; undefined when the cluster refuses or does not answer. */
async function tolerated<T>(request: () => Promise<T>): Promise<T | undefined> {
  try {
    return await request()
  } catch (error) {
    if (!(error instanceof ConclaveError)) throw error
    return undefined
  }
}
