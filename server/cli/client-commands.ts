/** The table of client commands: names, arguments, flags and help, in groups. */

import type { Command } from 'commander'
import { CLUSTER_VERSION, CONCLAVE_VERSION } from '../version.js'
import { alarmDisarm, alarmList } from './alarm.js'
import type { Action } from './cli-context.js'
import { ExitCode } from './cli-error.js'
import { compaction } from './compaction.js'
import { addDelFlags, del } from './del.js'
import { elect } from './elect.js'
import { endpointHashKv, endpointHealth, endpointStatus } from './endpoint.js'
import { flagValue } from './flag-values.js'
import { addGetFlags, get } from './get.js'
import { parseCount } from './go-values.js'
import { leaseGrant, leaseKeepAlive, leaseList, leaseRevoke, leaseTimeToLive } from './lease.js'
import { lock } from './lock.js'
import { memberAdd, memberList, memberPromote, memberRemove, memberUpdate } from './member.js'
import { moveLeader } from './move-leader.js'
import { addPutFlags, put } from './put.js'
import { txn } from './txn.js'
import { addWatchFlags, watch } from './watch.js'

/** Runs a command's action with what was parsed. */
export type Runner = <Options>(
  action: Action<Options>,
) => (words: string[], flags: unknown, command: Command) => Promise<void>

const CLUSTER_FLAG = ['--cluster', 'Every member of the cluster, not only --endpoints'] as const

/** Adds all client commands to the program. */
export function addClientCommands(program: Command, run: Runner): void {
  const under = (parent: Command, name: string, usage: string, text: string) =>
    parent.command(name).usage(usage).description(text).argument('[words...]')
  const group = (name: string, text: string) =>
    program.command(name).usage('<command>').description(text).helpCommand(false)

  program.commandsGroup('Keys:')
  addKeyCommands(under, program, run)

  program.commandsGroup('Coordination:')
  const lease = group('lease', 'Leases: keys that live as long as somebody renews them')
  addLeaseCommands(under, lease, run)
  under(program, 'lock', '[options] <name> [command...]', 'Hold a lock, or run a command with it')
    .option('--ttl <seconds>', 'Life of the lock when we are gone', flagValue('ttl', parseCount))
    .action(run(lock))
  under(program, 'elect', '[options] <name> [proposal]', 'Stand for election, or see who leads')
    .option('-l, --listen', 'Print who leads instead of standing')
    .action(run(elect))

  program.commandsGroup('Cluster:')
  const member = group('member', 'The members of the cluster')
  under(member, 'list', '[options]', 'List them')
    .option('--consistency <l|s>', 'l: linearizable; s: what one member knows', 'l')
    .action(run(memberList))
  addMemberCommands(under, member, run)
  under(program, 'move-leader', '[options] <id>', 'Hand leadership to another member').action(
    run(moveLeader),
  )
  const endpoint = group('endpoint', 'How single members are')
  addEndpointCommands(under, endpoint, run)
  const alarm = group('alarm', 'What is wrong with the cluster')
  under(alarm, 'list', '[options]', 'List the alarms').action(run(alarmList))
  under(alarm, 'disarm', '[options]', 'Take all alarms back').action(run(alarmDisarm))
  under(program, 'version', '[options]', 'Print the version').action(run(version))
}

type Under = (parent: Command, name: string, usage: string, text: string) => Command

function addKeyCommands(under: Under, program: Command, run: Runner): void {
  const putText = 'Write a key; without <value> it is read from standard input'
  addPutFlags(under(program, 'put', '[options] <key> [value]', putText)).action(run(put))
  addGetFlags(
    under(program, 'get', '[options] <key> [range_end]', 'Read a key or a range of keys'),
  ).action(run(get))
  addDelFlags(
    under(program, 'del', '[options] <key> [range_end]', 'Delete a key or a range of keys'),
  ).action(run(del))
  under(program, 'txn', '[options]', 'Run a transaction from standard input')
    .option('-i, --interactive', 'Ask for each part')
    .action(run(txn))
  addWatchFlags(
    under(
      program,
      'watch',
      '[options] <key> [range_end] [-- command...]',
      'Print changes as they happen',
    ),
  ).action(run(watch))
  under(program, 'compaction', '[options] <revision>', 'Forget the history before a revision')
    .option('--physical', 'Wait until the space is free')
    .action(run(compaction))
}

function addLeaseCommands(under: Under, lease: Command, run: Runner): void {
  under(lease, 'grant', '<seconds>', 'Make a lease').action(run(leaseGrant))
  under(lease, 'revoke', '<id>', 'End a lease and delete its keys').action(run(leaseRevoke))
  under(lease, 'timetolive', '[options] <id>', 'How long a lease still lives')
    .option('--keys', 'With the keys that live with it')
    .action(run(leaseTimeToLive))
  under(lease, 'list', '[options]', 'List all leases').action(run(leaseList))
  under(lease, 'keep-alive', '[options] <id>', 'Renew a lease until it is gone')
    .option('--once', 'Renew it once and end')
    .action(run(leaseKeepAlive))
}

function addMemberCommands(under: Under, member: Command, run: Runner): void {
  const peerUrls = ['--peer-urls <urls>', 'Where it listens for its peers, between commas'] as const
  under(member, 'add', '[options] <name>', 'Add one, and print how to start it')
    .option(...peerUrls)
    .option('--learner', 'Without a vote, to be promoted later')
    .action(run(memberAdd))
  under(member, 'remove', '[options] <id>', 'Remove one for ever').action(run(memberRemove))
  under(member, 'update', '[options] <id>', 'Tell that it listens for its peers elsewhere')
    .option(...peerUrls)
    .action(run(memberUpdate))
  under(member, 'promote', '[options] <id>', 'Give a learner a vote').action(run(memberPromote))
}

function addEndpointCommands(under: Under, endpoint: Command, run: Runner): void {
  under(endpoint, 'health', '[options]', 'Ask whether it can commit')
    .option(...CLUSTER_FLAG)
    .action(run(endpointHealth))
  under(endpoint, 'status', '[options]', 'Version, size, leader, Raft state')
    .option(...CLUSTER_FLAG)
    .action(run(endpointStatus))
  under(endpoint, 'hashkv', '[options]', 'A hash of its keys and their history')
    .option(...CLUSTER_FLAG)
    .option('--rev <n>', 'Up to this revision', flagValue('rev', parseCount))
    .action(run(endpointHashKv))
}

const version: Action<unknown> = async (context) => {
  const api = CLUSTER_VERSION.split('.').slice(0, 2).join('.')
  context.print([`conclave version: ${CONCLAVE_VERSION}`, `API version: ${api}`])
  return ExitCode.SUCCESS
}
