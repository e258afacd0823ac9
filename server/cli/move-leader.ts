/** `conclave move-leader`: hands leadership to another member. */

import { ConclaveError } from '../../client/index.js'
import { Maintenance } from '../../client/wire/methods.js'
import type { Action, CliContext } from './cli-context.js'
import { badArguments, ExitCode, toCliError } from './cli-error.js'
import { clientFor } from './global-options.js'
import { GoSyntaxError, parseHex64 } from './go-values.js'

/** Runs it: the leader must be among the endpoints. */
export const moveLeader: Action<Readonly<Record<never, never>>> = async (context, args) => {
  if (args.length !== 1) throw badArguments('move-leader command needs 1 argument')
  const targetID = target(args[0]!)
  const printer = context.membershipPrinter
  const from = await leaderEndpoint(context)
  const client = clientFor(context.options, [from.endpoint])
  try {
    await client.rpc(Maintenance.moveLeader, { targetID })
  } finally {
    client.close()
  }
  context.print(printer.moveLeader(from.id, targetID))
  return ExitCode.SUCCESS
}

function target(text: string): bigint {
  try {
    return parseHex64(text)
  } catch (error) {
    if (!(error instanceof GoSyntaxError)) throw error
    throw badArguments(error.message)
  }
}

/** Asks the endpoints one by one; one that is down does not matter unless the leader is not found. */
async function leaderEndpoint({ options }: CliContext): Promise<{ endpoint: string; id: bigint }> {
  let failure: ConclaveError | undefined
  for (const endpoint of options.endpoints) {
    const client = clientFor(options, [endpoint])
    try {
      const { leader, header } = await client.maintenance.status()
      if (header.memberId === leader) return { endpoint, id: leader }
    } catch (error) {
      if (!(error instanceof ConclaveError)) throw error
      failure ??= error
    } finally {
      client.close()
    }
  }
  if (failure !== undefined) throw toCliError(failure)
  throw badArguments(`no leader endpoint given at [${options.endpoints.join(' ')}]`)
}
