/** `conclave alarm`: what is wrong with the cluster, and taking it back. */

import { AlarmAction, type AlarmResponse, AlarmType } from '../../client/wire/generated/rpc.js'
import { Maintenance } from '../../client/wire/methods.js'
import type { Action, CliContext } from './cli-context.js'
import { badArguments, ExitCode } from './cli-error.js'

type NoFlags = Readonly<Record<never, never>>

/** Runs `alarm list`. */
export const alarmList: Action<NoFlags> = async (context, args) => {
  if (args.length > 0) throw badArguments('alarm list command accepts no arguments')
  const { printer } = context
  context.print(printer.alarms(await list(context)))
  return ExitCode.SUCCESS
}

/** Runs `alarm disarm`: takes back every alarm, and prints those that it took back. */
export const alarmDisarm: Action<NoFlags> = async (context, args) => {
  if (args.length > 0) throw badArguments('alarm disarm command accepts no arguments')
  const { printer } = context
  const { header, alarms } = await list(context)
  const disarmed: AlarmResponse = { header, alarms: [] }
  for (const { memberID, alarm } of alarms) {
    const request = { action: AlarmAction.DEACTIVATE, memberID, alarm }
    const response = await context.client.rpc(Maintenance.alarm, request)
    disarmed.alarms.push(...response.alarms)
  }
  context.print(printer.alarms(disarmed))
  return ExitCode.SUCCESS
}

function list(context: CliContext): Promise<AlarmResponse> {
  const request = { action: AlarmAction.GET, memberID: 0n, alarm: AlarmType.NONE }
  return context.client.rpc(Maintenance.alarm, request, { intent: 'read' })
}
