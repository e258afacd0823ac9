/**
 * `conclave elect`: stands for election and leads until it is interrupted, or with `-l`
 * prints who leads, again and again.
 */

import type { RangeResponse } from '../../client/wire/generated/rpc.js'
import { KV } from '../../client/wire/methods.js'
import { Election, ElectionObserver, Session } from '../../recipes/index.js'
import type { Action, CliContext } from './cli-context.js'
import { badArguments, CliError, ExitCode } from './cli-error.js'
import { anyAborted, interruption } from './interruption.js'
import { giveBack, TTL_SECONDS_DEFAULT } from './lock.js'

/** Runs `elect`. */
export const elect: Action<{ readonly listen?: boolean }> = async (context, args, flags) => {
  const [name, proposal] = args
  if (name === undefined || args.length > 2)
    throw badArguments('elect takes one election name argument and an optional proposal argument')
  if (flags.listen && proposal !== undefined) throw badArguments('proposal given but -l is set')
  if (!flags.listen && proposal === undefined)
    throw badArguments('no proposal argument but -l not set')
  if (proposal === undefined) await listen(context, name)
  else await lead(context, name, proposal)
  return ExitCode.SUCCESS
}

async function listen(context: CliContext, name: string): Promise<void> {
  const { printer } = context
  const interrupted = interruption()
  try {
    const observer = new ElectionObserver(context.client, name)
    for await (const leader of observer.observe({ signal: interrupted })) {
      if (leader === null) continue
      const { key, value } = leader
      if (context.options.writeOut === 'simple') context.print([key, value])
      else {
        const response = await read(context, key)
        if (response.kvs.length > 0) context.print(printer.get(response))
      }
    }
  } catch (error) {
    if (!interrupted.aborted) throw error
  }
}

async function lead(context: CliContext, name: string, proposal: string): Promise<void> {
  const { printer } = context
  const interrupted = interruption()
  const session = await Session.create(context.client, {
    ttlSeconds: TTL_SECONDS_DEFAULT,
    signal: interrupted,
  })
  try {
    const leadership = await new Election(session, name).campaign(proposal, { signal: interrupted })
    context.print(printer.get(await read(context, leadership.key)))
    await anyAborted(interrupted, leadership.signal)
    if (leadership.signal.aborted) throw new CliError(ExitCode.ERROR, 'elect: session expired')
  } finally {
    await giveBack(context, session)
  }
}

function read(context: CliContext, key: string): Promise<RangeResponse> {
  return context.client.rpc(KV.range, { key: Buffer.from(key) }, { intent: 'read' })
}
