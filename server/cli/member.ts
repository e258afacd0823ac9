/** `conclave member`: who is in the cluster. */

import { Cluster } from '../../client/wire/methods.js'
import type { Action } from './cli-context.js'
import { CliError, ExitCode } from './cli-error.js'

/** Runs `member list`. */
export const memberList: Action<{ readonly consistency?: string }> = async (
  context,
  _args,
  { consistency = 'l' },
) => {
  if (consistency !== 'l' && consistency !== 's')
    throw new CliError(ExitCode.BAD_FEATURE, `unknown consistency flag "${consistency}"`)
  const printer = context.clusterPrinter
  const request = { linearizable: consistency === 'l' }
  const response = await context.client.rpc(Cluster.memberList, request, { intent: 'read' })
  context.print(printer.memberList(response))
  return ExitCode.SUCCESS
}
