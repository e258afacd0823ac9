/** How a process is started that has a historic bug put back into the compiled code. */

import type { SeedProcessOptions } from './seed-process.js'

const REGISTER = new URL('../canaries/register.js', import.meta.url)

/** The options for a process with this bug. */
export function canaryOptions(name: string): SeedProcessOptions {
  return { env: { CONCLAVE_CANARY: name }, execArgv: ['--import', REGISTER.href] }
}
