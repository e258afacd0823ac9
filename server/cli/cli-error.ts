/**
 * How a client command fails: one line on stderr, and one of etcdctl's exit codes.
 */

import { ConclaveError } from '../../client/index.js'
import { etcdErrorNamed } from '../../client/wire/etcd-errors.js'
import { Status } from '../../client/wire/status.js'

/** etcdctl's exit codes. */
export const ExitCode = {
  SUCCESS: 0,
  ERROR: 1,
  BAD_CONNECTION: 2,
  /** What was given to txn or `watch -i` on standard input. */
  INVALID_INPUT: 3,
  /** An output format or flag value that does not exist. */
  BAD_FEATURE: 4,
  INTERRUPTED: 5,
  BAD_ARGUMENTS: 128,
} as const

/** Ends a command with an exit code, after `Error: ` and the message on stderr. */
export class CliError extends Error {
  constructor(
    readonly exitCode: number,
    message: string,
  ) {
    super(message)
  }
}

/** Refuses arguments. */
export function badArguments(message: string): CliError {
  return new CliError(ExitCode.BAD_ARGUMENTS, message)
}

/** Any failure as a {@link CliError}. */
export function toCliError(error: unknown, exitCode: number = ExitCode.ERROR): CliError {
  if (error instanceof CliError) return error
  if (error instanceof ConclaveError) return new CliError(exitCode, textOf(error))
  throw error
}

/** What etcdctl prints for this failure; where it is vague, with what we know besides. */
export function textOf(error: ConclaveError): string {
  const { code, etcd, message } = error
  if (code === 'cancelled') return 'context canceled'
  if (etcd !== undefined && etcdErrorNamed(etcd.text) !== undefined) return etcd.text
  if (code === 'deadline-exceeded' || etcd?.status === Status.DEADLINE_EXCEEDED)
    return withDetail('context deadline exceeded', etcd?.text)
  if (etcd === undefined) return message
  // etcdctl repeats until its time is over when nobody answers.
  if (etcd.status === Status.UNAVAILABLE) return withDetail('context deadline exceeded', etcd.text)
  return `rpc error: code = ${statusName(etcd.status)} desc = ${etcd.text}`
}

function withDetail(text: string, detail: string | undefined): string {
  return detail === undefined || detail === '' ? text : `${text} (${detail})`
}

/** A status as Go writes it: `OutOfRange`. */
function statusName(status: Status): string {
  const name = Object.entries(Status).find(([, code]) => code === status)?.[0] ?? `Code(${status})`
  return name
    .split('_')
    .map((word) => word[0] + word.slice(1).toLowerCase())
    .join('')
}
