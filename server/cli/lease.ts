/** `conclave lease`: grant, revoke, timetolive, list, keep-alive. */

import { ConclaveError } from '../../client/index.js'
import type { ResponseHeader } from '../../client/wire/generated/rpc.js'
import { Lease } from '../../client/wire/methods.js'
import type { Action, CliContext } from './cli-context.js'
import { badArguments, CliError, ExitCode, textOf } from './cli-error.js'
import { GoSyntaxError, parseCount, parseInt64 } from './go-values.js'

type NoFlags = Readonly<Record<never, never>>

/** Runs `lease grant`. */
export const leaseGrant: Action<NoFlags> = async (context, args) => {
  if (args.length !== 1) throw badArguments('lease grant command needs TTL argument')
  const TTL = parsed(
    () => parseCount(args[0]!),
    (text) => `bad TTL (${text})`,
  )
  const { printer } = context
  const request = context.client.rpc(Lease.leaseGrant, { TTL })
  context.print(printer.grant(await named('failed to grant lease', request)))
  return ExitCode.SUCCESS
}

/** Runs `lease revoke`. */
export const leaseRevoke: Action<NoFlags> = async (context, args) => {
  if (args.length !== 1) throw badArguments('lease revoke command needs 1 argument')
  const id = leaseId(args[0]!)
  const { printer } = context
  const request = context.client.rpc(Lease.leaseRevoke, { ID: id })
  context.print(printer.revoke(await named('failed to revoke lease', request), id))
  return ExitCode.SUCCESS
}

/** Runs `lease timetolive`. */
export const leaseTimeToLive: Action<{ readonly keys?: boolean }> = async (
  context,
  args,
  { keys = false },
) => {
  if (args.length !== 1) throw badArguments('lease timetolive command needs lease ID as argument')
  const request = { ID: leaseId(args[0]!), keys }
  const { printer } = context
  const { leaseTimeToLive: method } = Lease
  const response = await context.client.rpc(method, request, { intent: 'read' })
  context.print(printer.timeToLive(response, keys))
  return ExitCode.SUCCESS
}

/** Runs `lease list`. */
export const leaseList: Action<NoFlags> = async (context) => {
  const { printer } = context
  const response = await context.client.rpc(Lease.leaseLeases, {}, { intent: 'read' })
  context.print(printer.leases(response))
  return ExitCode.SUCCESS
}

/** Runs `lease keep-alive`: until the lease is gone, or once. */
export const leaseKeepAlive: Action<{ readonly once?: boolean }> = async (context, args, flags) => {
  if (args.length !== 1) throw badArguments('lease keep-alive command needs lease ID as argument')
  const id = leaseId(args[0]!)
  const { printer } = context
  const print = async (ttlSeconds: number) => {
    const header = await headerFor(context, id)
    context.print(printer.keepAlive({ header, ID: id, TTL: ttlSeconds }))
  }
  if (flags.once) {
    try {
      await print(await context.client.lease.keepAliveOnce(id))
    } catch (error) {
      if (!(error instanceof ConclaveError)) throw error
      const isGone = error.code === 'lease-not-found'
      const text = isGone ? 'etcdserver: requested lease not found' : textOf(error)
      throw new CliError(ExitCode.BAD_CONNECTION, text)
    }
    return ExitCode.SUCCESS
  }
  await untilLost(context, id, print)
  await print(0)
  return ExitCode.SUCCESS
}

/** Renews until the server knows the lease no more; lines are printed in order. */
function untilLost(context: CliContext, id: bigint, print: (ttlSeconds: number) => Promise<void>) {
  let printed = Promise.resolve()
  return new Promise<void>((resolve, reject) => {
    context.client.lease.keepAlive(id, {
      onRenewed: (_sentAtMs, ttlSeconds) => {
        printed = printed.then(() => print(ttlSeconds)).catch(reject)
      },
      onLost: (error) => {
        const isGone = error.code === 'lease-not-found' || error.code === 'lease-expired'
        printed.then(() => (isGone ? resolve() : reject(error)))
      },
    })
  })
}

/** The client tells a TTL without a header; formats that show one ask for it. */
async function headerFor(context: CliContext, id: bigint): Promise<ResponseHeader | undefined> {
  if (context.options.writeOut === 'simple') return undefined
  const { leaseTimeToLive: method } = Lease
  const response = await context.client.rpc(method, { ID: id }, { intent: 'read' })
  return response.header
}

function leaseId(text: string): bigint {
  return parsed(
    () => parseInt64(text, 16),
    (problem) => `bad lease ID arg (${problem}), expecting ID in Hex`,
  )
}

function parsed<T>(parse: () => T, message: (problem: string) => string): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof GoSyntaxError)) throw error
    throw badArguments(message(error.message))
  }
}

async function named<T>(what: string, request: Promise<T>): Promise<T> {
  try {
    return await request
  } catch (error) {
    if (!(error instanceof ConclaveError)) throw error
    throw new CliError(ExitCode.ERROR, `${what} (${textOf(error)})`)
  }
}
