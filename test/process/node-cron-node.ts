/**
 * A process with one task of node-cron, every second, that never ends: for node-cron.test.ts.
 * Prints `ran <slot>` when a run begins. Argument: the endpoint of the cluster.
 */

import { connect } from '../../client/index.js'
import { scheduleOn } from '../../recipes/host/node-cron.js'

const client = connect({ endpoints: process.argv[2]! })
scheduleOn(
  client,
  '* * * * * *',
  ({ date }) => {
    console.log(`ran ${date.toISOString()}`)
    return new Promise(() => {})
  },
  { name: 'report' },
)
// Who started us is gone: so are we.
process.stdin.resume().once('end', () => process.exit())
