/**
 * The alarms: which members have reported that they are out of space or corrupt.
 *
 * A replicated set of (member, alarm), in table `alarm`. Raised and lowered by
 * commands only; while a kind of alarm is raised by anybody, apply refuses on every
 * member what that kind forbids (behaviour 5.8).
 */

import { AlarmMember, AlarmType } from '../../client/wire/generated/rpc.js'
import type { Backend } from '../storage/backend.js'
import { compareIds, idKey } from './id-key.js'

const TABLE = 'alarm'

function alarmKey({ alarm, memberID }: AlarmMember): string {
  return idKey(BigInt(alarm)) + idKey(memberID)
}

/** See the head of the file. */
export class Alarms {
  readonly #backend: Backend
  readonly #raised = new Map<string, AlarmMember>()

  constructor(backend: Backend) {
    this.#backend = backend
    for (const [key, bytes] of backend.entries(TABLE))
      this.#raised.set(key, AlarmMember.decode(bytes))
  }

  /** The raised alarms of a kind, NONE for all kinds; by kind, then by member. */
  get(alarm: AlarmType): AlarmMember[] {
    const all = [...this.#raised.values()]
    const wanted = alarm === AlarmType.NONE ? all : all.filter((raised) => raised.alarm === alarm)
    return wanted.sort((a, b) => a.alarm - b.alarm || compareIds(a.memberID, b.memberID))
  }

  /** Whether any member has raised this kind. */
  active(alarm: AlarmType): boolean {
    for (const raised of this.#raised.values()) if (raised.alarm === alarm) return true
    return false
  }

  /** Raises an alarm. Returns it, also when it was raised already; NONE raises nothing. */
  activate(alarm: AlarmMember): AlarmMember | undefined {
    if (alarm.alarm === AlarmType.NONE) return undefined
    const key = alarmKey(alarm)
    if (!this.#raised.has(key)) {
      this.#raised.set(key, alarm)
      this.#backend.put(TABLE, key, AlarmMember.encode(alarm).finish())
    }
    return alarm
  }

  /** Lowers an alarm. Returns it, or undefined when it was not raised. */
  deactivate(alarm: AlarmMember): AlarmMember | undefined {
    const key = alarmKey(alarm)
    if (!this.#raised.delete(key)) return undefined
    this.#backend.delete(TABLE, key)
    return alarm
  }
}
