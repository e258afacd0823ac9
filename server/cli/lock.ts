/**
 * `conclave lock`: holds a lock until it is interrupted, or while a command runs.
 *
 * The command finds its key in ETCD_LOCK_KEY and its fencing token in ETCD_LOCK_REV, and
 * its exit code becomes ours. When the lock is lost meanwhile, it is asked to end. The
 * keys are those of etcdctl: both kinds queue for the same lock.
 */

import { KV } from '../../client/wire/methods.js'
import { type Lock, Mutex, Session } from '../../recipes/index.js'
import { runChild } from './child.js'
import type { Action, CliContext } from './cli-context.js'
import { badArguments, CliError, ExitCode } from './cli-error.js'
import { anyAborted, interruption, termination } from './interruption.js'

/** What etcdctl takes for a TTL that is not positive, in seconds. */
export const TTL_SECONDS_DEFAULT = 60

/** Runs `lock`. */
export const lock: Action<{ readonly ttl?: number }> = async (context, args, { ttl = 10 }) => {
  const [name, ...command] = args
  if (name === undefined)
    throw badArguments('lock takes a lock name argument and an optional command to execute')
  const { printer } = context
  const interrupted = interruption()
  const session = await Session.create(context.client, {
    ttlSeconds: ttl > 0 ? ttl : TTL_SECONDS_DEFAULT,
    signal: interrupted,
  })
  try {
    const held = await new Mutex(session, name).acquire({ signal: interrupted })
    if (command.length > 0) return await runWith(held, command)
    // The value says who holds it, which etcdctl's locks do not.
    const request = { key: Buffer.from(held.key), keysOnly: true }
    context.print(printer.get(await context.client.rpc(KV.range, request, { intent: 'read' })))
    await anyAborted(interrupted, held.signal)
    if (held.signal.aborted) throw expired()
    return ExitCode.SUCCESS
  } finally {
    await giveBack(context, session)
  }
}

async function runWith(held: Lock, command: readonly string[]): Promise<number> {
  const ending = AbortSignal.any([held.signal, termination()])
  const env = { ETCD_LOCK_KEY: held.key, ETCD_LOCK_REV: `${held.fencingToken}` }
  const code = await runChild(command, env, ending).catch((error) => {
    throw held.signal.aborted ? expired() : error
  })
  if (held.signal.aborted) throw expired()
  if (code !== 0) throw new CliError(code, `exit status ${code}`)
  return ExitCode.SUCCESS
}

function expired(): CliError {
  return new CliError(ExitCode.ERROR, 'session expired')
}

/** Ends the session, which frees its keys. */
export async function giveBack(context: CliContext, session: Session): Promise<void> {
  try {
    await session.close()
  } catch (error) {
    context.printError([`Warning: the lease was not revoked: ${(error as Error).message}`])
  }
}
