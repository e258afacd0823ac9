/**
 * `node --import ./dist/test/sim/canaries/register.js`: puts the canary named by the
 * environment variable `CONCLAVE_CANARY` into the code that this process loads.
 */

import { register } from 'node:module'
import { canaryNamed } from './canaries.js'

const name = process.env.CONCLAVE_CANARY
if (name !== undefined && name !== '') {
  // Here, and not first when a file is loaded: an unknown name ends the process at once.
  canaryNamed(name)
  register('./hooks.js', import.meta.url, { data: name })
}
