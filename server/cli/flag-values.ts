/** Values of flags, refused with etcdctl's words. */

import { CliError, ExitCode } from './cli-error.js'
import { GoSyntaxError } from './go-values.js'

/** Wraps a parser so that its refusal names the flag. */
export function flagValue<T>(name: string, parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      if (!(error instanceof GoSyntaxError)) throw error
      const message = `invalid argument "${text}" for "--${name}" flag: ${error.message}`
      throw new CliError(ExitCode.ERROR, message)
    }
  }
}

/** Endpoints between commas. */
export function endpointList(text: string): string[] {
  return text
    .split(',')
    .map((endpoint) => endpoint.trim())
    .filter((endpoint) => endpoint !== '')
}
