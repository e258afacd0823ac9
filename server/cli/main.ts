#!/usr/bin/env node
/**
 * The `conclave` command: a server, a local cluster, and etcdctl's commands.
 *
 * `server` reads its flags as etcd does; everything else is one commander program, whose
 * command lines are read as etcdctl reads them (command-line.ts).
 */

import { Command, CommanderError } from 'commander'
import { CONCLAVE_VERSION } from '../version.js'
import { CliContext, type Terminal } from './cli-context.js'
import { CliError, ExitCode, toCliError } from './cli-error.js'
import { addClientCommands, type Runner } from './client-commands.js'
import { type CommandLine, readCommandLine } from './command-line.js'
import { addGlobalOptions, correctedSwitches, type GlobalOptions } from './global-options.js'
import { upCommand } from './up-command.js'

// Whoever reads our output may stop before its end, as `| head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await main(process.argv.slice(2), process)

async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  if (args[0] === 'server') {
    // Client commands start faster without the server's modules.
    const { serverCommand } = await import('./server-command.js')
    return serverCommand(args.slice(1))
  }
  let exitCode: number = ExitCode.SUCCESS
  let line: CommandLine | undefined
  const run: Runner = (action) => async (words, flags, command) => {
    const options = correctedSwitches(command.optsWithGlobals<GlobalOptions>(), terminal.env)
    const context = new CliContext(options, terminal, line?.afterDashes)
    try {
      exitCode = (await action(context, words, flags as never)) ?? ExitCode.SUCCESS
    } finally {
      context.close()
    }
  }
  const program = programWith(run, (code) => {
    exitCode = code
  })
  try {
    line = readCommandLine(program, args)
    if (line.command.commands.length > 0 && line.isBare) line.command.outputHelp()
    else await program.parseAsync(line.args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? ExitCode.SUCCESS : ExitCode.BAD_ARGUMENTS
    const failure = toCliError(error)
    terminal.stderr.write(`Error: ${failure.message}\n`)
    return failure.exitCode
  }
}

function programWith(run: Runner, onUpEnd: (exitCode: number) => void): Command {
  const program = new Command('conclave')
    .description('Distributed coordination: a server that speaks the etcd v3 API, and its tools')
    .version(CONCLAVE_VERSION, '-V, --version', 'Print the version')
    .usage('[options] <command>')
    .exitOverride()
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (command) => `${command.name()} ${command.usage()}`,
      optionDescription: ({ description, defaultValueDescription: standard }) =>
        standard === undefined ? description : `${description} (default ${standard})`,
    })
    .helpOption('-h, --help', 'Show help')
    .helpCommand('help [command]', 'Show help for a command')
    .addHelpText('after', '\nOptions are also read from the environment, as ETCDCTL_<OPTION>.')
  program.commandsGroup('Server:')
  program
    .command('server')
    .usage('[flags]')
    .description("Start one member (etcd's flags; see conclave server --help)")
  program
    .command('up')
    .description('Start a cluster on this machine')
    .option('--size <n>', 'Members: 1, 3 or 5 (default 3)', sizeOf, 3)
    .option('--data-dir <path>', 'Where they keep their data (default .conclave)', '.conclave')
    .option('--port <n>', "First of consecutive ports (default: those of etcd's Procfile)", portOf)
    .option('--log-level <level>', 'debug, info, warn or error (default warn)', 'warn')
    .action(async (options) => onUpEnd(await upCommand(options)))
  addClientCommands(program, run)
  addGlobalOptions(program)
  return program
}

function sizeOf(text: string): number {
  if (!['1', '3', '5'].includes(text))
    throw new CliError(ExitCode.BAD_ARGUMENTS, `--size must be 1, 3 or 5, not '${text}'`)
  return Number(text)
}

function portOf(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_500)
    throw new CliError(ExitCode.BAD_ARGUMENTS, `--port must be from 1 to 65500, not '${text}'`)
  return port
}
