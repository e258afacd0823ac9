/** `conclave member`: who is in the cluster, and changes of that. */

import type { MemberAddResponse } from '../../client/wire/generated/rpc.js'
import { Cluster } from '../../client/wire/methods.js'
import type { Action } from './cli-context.js'
import { badArguments, CliError, ExitCode } from './cli-error.js'
import { GoSyntaxError, parseHex64 } from './go-values.js'

type NoFlags = Readonly<Record<never, never>>

/** The flag of `member add` and `member update`. */
interface PeerUrlsFlag {
  /** URLs between commas. */
  readonly peerUrls?: string
}

/** Runs `member list`. */
export const memberList: Action<{ readonly consistency?: string }> = async (
  context,
  _args,
  { consistency = 'l' },
) => {
  if (consistency !== 'l' && consistency !== 's')
    throw new CliError(ExitCode.BAD_FEATURE, `unknown consistency flag "${consistency}"`)
  const printer = context.clusterPrinter
  const request = { linearizable: consistency === 'l' }
  const response = await context.client.rpc(Cluster.memberList, request, { intent: 'read' })
  context.print(printer.memberList(response))
  return ExitCode.SUCCESS
}

/** Runs `member add`, and prints what the new member is to be started with. */
export const memberAdd: Action<PeerUrlsFlag & { readonly learner?: boolean }> = async (
  context,
  args,
  { peerUrls = '', learner = false },
) => {
  const [name, ...more] = args
  if (name === undefined) throw badArguments('member name not provided')
  if (more.length > 0) throw badArguments(`too many arguments${guesses(args)}`)
  const peerURLs = urlsOf(peerUrls)
  for (const url of peerURLs) assertUrl(url)
  const printer = context.membershipPrinter
  const response = await context.client.rpc(Cluster.memberAdd, { peerURLs, isLearner: learner })
  context.print(printer.memberAdd(response))
  if (context.options.writeOut === 'simple') context.print(['', ...startFlags(name, response)])
  return ExitCode.SUCCESS

  function startFlags(newName: string, { member, members }: MemberAddResponse): string[] {
    const cluster = members.flatMap(({ ID, name: known, peerURLs: urls }) =>
      urls.map((url) => `${ID === member?.ID ? newName : known}=${url}`),
    )
    return [
      `ETCD_NAME="${newName}"`,
      `ETCD_INITIAL_CLUSTER="${cluster.join(',')}"`,
      `ETCD_INITIAL_ADVERTISE_PEER_URLS="${peerUrls}"`,
      'ETCD_INITIAL_CLUSTER_STATE="existing"',
    ]
  }
}

/** Runs `member remove`. */
export const memberRemove: Action<NoFlags> = async (context, args) => {
  const ID = memberId(args)
  const printer = context.membershipPrinter
  const response = await context.client.rpc(Cluster.memberRemove, { ID })
  context.print(printer.memberChange(response, ID, 'removed from'))
  return ExitCode.SUCCESS
}

/** Runs `member update`. */
export const memberUpdate: Action<PeerUrlsFlag> = async (context, args, { peerUrls = '' }) => {
  const ID = memberId(args)
  const peerURLs = urlsOf(peerUrls)
  const printer = context.membershipPrinter
  const response = await context.client.rpc(Cluster.memberUpdate, { ID, peerURLs })
  context.print(printer.memberChange(response, ID, 'updated in'))
  return ExitCode.SUCCESS
}

/** Runs `member promote`. */
export const memberPromote: Action<NoFlags> = async (context, args) => {
  const ID = memberId(args)
  const printer = context.membershipPrinter
  const response = await context.client.rpc(Cluster.memberPromote, { ID })
  context.print(printer.memberChange(response, ID, 'promoted in'))
  return ExitCode.SUCCESS
}

function memberId(args: readonly string[]): bigint {
  if (args.length !== 1) throw badArguments('member ID is not provided')
  try {
    return parseHex64(args[0]!)
  } catch (error) {
    if (!(error instanceof GoSyntaxError)) throw error
    throw badArguments(`bad member ID arg (${error.message}), expecting ID in Hex`)
  }
}

function urlsOf(text: string): string[] {
  if (text === '') throw badArguments('member peer urls not provided')
  return text.split(',')
}

/** etcdctl's hint for words that should have stood behind the flag. */
function guesses(args: readonly string[]): string {
  return args
    .filter((word) => /^http/i.test(word))
    .map((word) => `, did you mean --peer-urls=${word}`)
    .join('')
}

/** As etcd's client checks the URLs of a new member, before it asks anybody. */
function assertUrl(text: string): void {
  const url = text.trim()
  const [, host, path] = /^https?:\/\/([^/?#]*)([^?#]*)/.exec(url) ?? []
  if (/^unixs?:/.test(url)) return
  if (host === undefined || path === undefined)
    throw new CliError(ExitCode.ERROR, `URL scheme must be http, https, unix, or unixs: ${url}`)
  if (!/:\d*$/.test(host))
    throw new CliError(ExitCode.ERROR, `URL address does not have the form "host:port": ${url}`)
  if (path !== '') throw new CliError(ExitCode.ERROR, `URL must not contain a path: ${url}`)
}
