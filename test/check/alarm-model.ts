/** The alarms as the log decides them: a set of (member, kind). */

import {
  AlarmAction,
  type AlarmMember,
  type AlarmRequest,
  AlarmType,
} from '../../client/wire/generated/rpc.js'

/** See the head of the file. */
export class AlarmModel {
  #raised: AlarmMember[] = []

  /** Whether any member has raised this kind. */
  active(alarm: AlarmType): boolean {
    return this.#raised.some((raised) => raised.alarm === alarm)
  }

  /** Runs a request and returns the alarms that it concerns. */
  run({ action, memberID, alarm }: AlarmRequest): AlarmMember[] {
    if (action === AlarmAction.GET) return this.#list(alarm)
    const raised = this.#raised.some((each) => each.memberID === memberID && each.alarm === alarm)
    if (action === AlarmAction.ACTIVATE) {
      if (alarm === AlarmType.NONE) return []
      if (!raised) this.#raised.push({ memberID, alarm })
      return [{ memberID, alarm }]
    }
    this.#raised = this.#raised.filter((each) => each.memberID !== memberID || each.alarm !== alarm)
    return raised ? [{ memberID, alarm }] : []
  }

  /** By kind, then by member; NONE asks for all kinds. */
  #list(alarm: AlarmType): AlarmMember[] {
    const wanted = this.#raised.filter((each) => alarm === AlarmType.NONE || each.alarm === alarm)
    return wanted.sort((a, b) => a.alarm - b.alarm || (a.memberID < b.memberID ? -1 : 1))
  }
}
