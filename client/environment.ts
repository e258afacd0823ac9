/**
 * Options of a client from environment variables.
 *
 * Each is looked for as `CONCLAVE_…`, then as `ETCDCTL_…`, so that what is set up for
 * etcdctl serves, too. Values are written as etcdctl takes them: durations as Go does
 * (`5s`, `1m30s`, `250ms`), switches as `true` or `false`. An empty variable counts as absent.
 */

import { type ConclaveError, invalidArgument } from './errors.js'
import { goDurationMs } from './go-duration.js'
import type { Environment } from './host/environment-node.js'

const PREFIXES = ['CONCLAVE_', 'ETCDCTL_']

/** A variable that is set: its full name, for messages, and its value. */
export interface Setting {
  readonly name: string
  readonly value: string
}

/** Reads variables by their names without prefix. */
export class Settings {
  readonly #env: Environment

  constructor(env: Environment) {
    this.#env = env
  }

  /** The variable as it is set, or undefined. */
  find(name: string): Setting | undefined {
    for (const prefix of PREFIXES) {
      const value = this.#env[prefix + name]
      if (value !== undefined && value !== '') return { name: prefix + name, value }
    }
    return undefined
  }

  text(name: string): string | undefined {
    return this.find(name)?.value
  }

  /** @throws {ConclaveError} `invalid-argument`: it is no switch. */
  switch(name: string): boolean | undefined {
    const setting = this.find(name)
    if (setting === undefined) return undefined
    if (/^(1|t|true)$/i.test(setting.value)) return true
    if (/^(0|f|false)$/i.test(setting.value)) return false
    throw wrong(setting, 'write true or false')
  }

  /** In milliseconds. @throws {ConclaveError} `invalid-argument`: it is no positive duration. */
  durationMs(name: string): number | undefined {
    const setting = this.find(name)
    if (setting === undefined) return undefined
    const ms = goDurationMs(setting.value)
    if (ms !== undefined && ms > 0) return ms
    throw wrong(setting, 'write a positive duration, such as 5s or 1m30s')
  }
}

/** Refuses a variable, by its name. */
export function wrong({ name, value }: Setting, advice: string, cause?: unknown): ConclaveError {
  const sentence = advice.replace(/\.$/, '')
  return invalidArgument(`The environment variable ${name} is '${value}': ${sentence}.`, cause)
}
