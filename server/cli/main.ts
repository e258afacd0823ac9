#!/usr/bin/env node
/**
 * The `conclave` command: a server, a local cluster, and etcdctl's commands.
 *
 * `server` reads its flags as etcd does; everything else is one commander program.
 */

import { Command, CommanderError } from 'commander'
import { CONCLAVE_VERSION } from '../version.js'
import { serverCommand } from './server-command.js'
import { upCommand } from './up-command.js'

/** etcdctl's exit code for arguments that cannot be understood. */
const EXIT_BAD_ARGUMENTS = 128

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === 'server') return serverCommand(args.slice(1))
  let exitCode = 0
  const program = new Command('conclave')
    .description('Distributed coordination: a server that speaks the etcd v3 API, and its tools')
    .version(CONCLAVE_VERSION)
    .exitOverride()
  program
    .command('server')
    .description("Start one member (etcd's flags; see conclave server --help)")
  program
    .command('up')
    .description('Start a cluster on this machine')
    .option('--size <n>', 'members: 1, 3 or 5', sizeOf, 3)
    .option('--data-dir <path>', 'where the members keep their data', '.conclave')
    .option('--port <n>', "first of consecutive ports (default: those of etcd's Procfile)", portOf)
    .option('--log-level <level>', 'debug, info, warn, error', 'warn')
    .action(async (options) => {
      exitCode = await upCommand(options)
    })
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : EXIT_BAD_ARGUMENTS
  }
  return exitCode
}

function sizeOf(text: string): number {
  if (!['1', '3', '5'].includes(text))
    throw new CommanderError(EXIT_BAD_ARGUMENTS, 'size', `--size must be 1, 3 or 5, not '${text}'`)
  return Number(text)
}

function portOf(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_500)
    throw new CommanderError(
      EXIT_BAD_ARGUMENTS,
      'port',
      `--port must be from 1 to 65500, not '${text}'`,
    )
  return port
}
