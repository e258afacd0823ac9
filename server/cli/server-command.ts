/**
 * `conclave server`: one member as a process, started and stopped as etcd is.
 *
 * Exit codes: 0 after SIGTERM or SIGINT and when the member was removed, 1 when the member cannot start or had to end
 * itself, 2 for a command line that cannot be understood.
 */

import { ConfigError } from '../config.js'
import { createLog } from '../host/log-pino.js'
import { MemberRemoved } from '../member/removals.js'
import { type Server, startServer } from '../start-server.js'
import { CONCLAVE_VERSION, ETCD_VERSION } from '../version.js'
import { parseServerCommand, SERVER_FLAGS, type ServerCommand } from './server-options.js'

/** Runs the member until a signal or its own end. Resolves with the exit code. */
export async function serverCommand(args: readonly string[]): Promise<number> {
  let command: ServerCommand
  try {
    command = parseServerCommand(args, process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`conclave: ${error.message}\n`)
    return 2
  }
  if (command.wantsHelp || command.wantsVersion) {
    process.stdout.write(command.wantsHelp ? help() : version())
    return 0
  }
  const { options, storage, logLevel } = command
  try {
    const server = await startServer({ ...options, storage, log: createLog(logLevel) })
    return await untilTheEnd(server)
  } catch (error) {
    process.stderr.write(`conclave: ${sentence(error)}\n`)
    return 1
  }
}

/** A signal drains and stops; a second one does not wait for that. */
async function untilTheEnd(server: Server): Promise<number> {
  const signal = new Promise<'signal'>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const)
      process.once(name, () => {
        resolve('signal')
        process.once(name, () => process.exit(1))
      })
  })
  const end = await Promise.race([signal, server.failed])
  if (end === 'signal') {
    await server.stop()
    return 0
  }
  if (end instanceof MemberRemoved) {
    process.stderr.write(`conclave: ${end.message}\n`)
    await server.stop()
    return 0
  }
  process.stderr.write(`conclave: ${end.message}\n`)
  return 1
}

/** One line that says what is wrong, and with a known code what to do. */
export function sentence(error: unknown): string {
  const { message, code } = error as Error & { code?: string }
  if (code === 'EADDRINUSE')
    return `${message}: another process listens there; choose another port or stop it`
  if (code === 'EACCES') return `${message}: this user may not read or write there`
  return message
}

function version(): string {
  const { arch, platform, version: node } = process
  return [
    `conclave Version: ${CONCLAVE_VERSION}`,
    `etcd Version: ${ETCD_VERSION} (compatible)`,
    `Node Version: ${node}`,
    `Node OS/Arch: ${platform}/${arch}`,
    '',
  ].join('\n')
}

function help(): string {
  const rows = Object.entries(SERVER_FLAGS).map(([name, [value, text]]) => [
    `--${name} <${value}>`,
    text,
  ])
  const width = Math.max(...rows.map(([flag]) => flag!.length))
  const lines = rows.map(([flag, text]) => `  ${flag!.padEnd(width)}  ${text}`)
  return [
    'Usage: conclave server [flags]',
    '',
    "Starts one member. Flags and defaults are etcd's; each is also read from ETCD_<FLAG>.",
    '',
    ...lines,
    `  ${'--version'.padEnd(width)}  Print the version and exit`,
    '',
  ].join('\n')
}
