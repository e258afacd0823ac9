/** Runs the command that follows `lock`, or a change seen by `watch`. */

import { spawn } from 'node:child_process'
import { CliError, ExitCode } from './cli-error.js'

/**
 * Runs a command with our standard streams and waits for its end.
 *
 * @param signal aborting asks the command to end, with SIGTERM.
 * @returns its exit code.
 * @throws {CliError} it cannot be started, or was ended by a signal.
 */
export function runChild(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<number> {
  const [program = '', ...args] = command
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...env } })
    const onAbort = () => child.kill('SIGTERM')
    const done = () => signal?.removeEventListener('abort', onAbort)
    signal?.addEventListener('abort', onAbort, { once: true })
    child.once('error', (error: NodeJS.ErrnoException) => {
      done()
      const why = error.code === 'ENOENT' ? 'executable file not found in $PATH' : error.message
      reject(new CliError(ExitCode.ERROR, `exec: "${program}": ${why}`))
    })
    child.once('close', (code, endedBy) => {
      done()
      if (code === null)
        reject(new CliError(ExitCode.ERROR, `signal: ${SIGNALS[endedBy!] ?? endedBy}`))
      else resolve(code)
    })
  })
}

/** Go's names of the signals that people send. */
const SIGNALS: Readonly<Record<string, string>> = {
  SIGINT: 'interrupt',
  SIGTERM: 'terminated',
  SIGKILL: 'killed',
  SIGHUP: 'hangup',
}
