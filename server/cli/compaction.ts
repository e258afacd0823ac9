/** `conclave compaction`: forgets the history before a revision. */

import { KV } from '../../client/wire/methods.js'
import type { Action } from './cli-context.js'
import { badArguments, CliError, ExitCode } from './cli-error.js'
import { GoSyntaxError, parseCount } from './go-values.js'

/** Runs `compaction`. */
export const compaction: Action<{ readonly physical?: boolean }> = async (context, args, flags) => {
  if (args.length !== 1) throw badArguments('compaction command needs 1 argument')
  const revision = revisionOf(args[0]!)
  await context.client.rpc(KV.compact, { revision, physical: flags.physical ?? false })
  context.print([`compacted revision ${revision}`])
  return ExitCode.SUCCESS
}

function revisionOf(text: string): number {
  try {
    return parseCount(text)
  } catch (error) {
    if (!(error instanceof GoSyntaxError)) throw error
    throw new CliError(ExitCode.ERROR, error.message)
  }
}
