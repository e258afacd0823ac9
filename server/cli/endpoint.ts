/**
 * `conclave endpoint`: how each endpoint is, asked one by one and all at the same time.
 *
 * An endpoint that fails is named on stderr and makes the exit code 1; the others are
 * printed all the same.
 */

import { nodeClock } from '../../client/host/clock-node.js'
import { type Client, ConclaveError } from '../../client/index.js'
import type { Init } from '../../client/wire/codec.js'
import { AlarmAction } from '../../client/wire/generated/rpc.js'
import type { Method } from '../../client/wire/method.js'
import { Cluster, KV, Maintenance } from '../../client/wire/methods.js'
import type { Action, CliContext } from './cli-context.js'
import { CliError, ExitCode, textOf } from './cli-error.js'
import { clientFor } from './global-options.js'
import { ALARM_NAMES, type EndpointAnswer, type EndpointHealth } from './output.js'
import { healthLine } from './output-simple.js'

/** The flag of all endpoint commands. */
export interface EndpointFlags {
  /** Ask every member of the cluster instead of the endpoints that were given. */
  readonly cluster?: boolean
}

/** Runs `endpoint status`. */
export const endpointStatus: Action<EndpointFlags> = async (context, _args, flags) => {
  const printer = context.clusterPrinter
  const { answers, errors } = await ask(context, flags, Maintenance.status, {})
  for (const [endpoint, text] of errors)
    context.printError([`Failed to get the status of endpoint ${endpoint} (${text})`])
  context.print(printer.endpointStatus(answers))
  return errors.length === 0 ? ExitCode.SUCCESS : ExitCode.ERROR
}

/** Runs `endpoint hashkv`. */
export const endpointHashKv: Action<EndpointFlags & { readonly rev?: number }> = async (
  context,
  _args,
  flags,
) => {
  const printer = context.clusterPrinter
  const request = { revision: flags.rev ?? 0 }
  const { answers, errors } = await ask(context, flags, Maintenance.hashKV, request)
  for (const [endpoint, text] of errors)
    context.printError([`Failed to get the hash of endpoint ${endpoint} (${text})`])
  context.print(printer.endpointHashKv(answers))
  if (errors[0] !== undefined) throw new CliError(ExitCode.ERROR, errors[0][1])
  return ExitCode.SUCCESS
}

/** Runs `endpoint health`: a linearizable read and the alarms, of each endpoint. */
export const endpointHealth: Action<EndpointFlags> = async (context, _args, flags) => {
  const printer = context.clusterPrinter
  const endpoints = await endpointsOf(context, flags)
  const answers = await Promise.all(
    endpoints.map((endpoint) =>
      withClient(context, endpoint, (client) => health(endpoint, client)),
    ),
  )
  if (context.options.writeOut === 'simple') {
    for (const answer of answers) {
      if (answer.isHealthy) context.print([healthLine(answer)])
      else context.printError([healthLine(answer)])
    }
  } else context.print(printer.endpointHealth(answers))
  if (answers.some(({ isHealthy }) => !isHealthy))
    throw new CliError(ExitCode.ERROR, 'unhealthy cluster')
  return ExitCode.SUCCESS
}

async function health(endpoint: string, client: Client): Promise<EndpointHealth> {
  const startedAtMs = nodeClock.now()
  const error = await illness(client)
  const tookMs = nodeClock.now() - startedAtMs
  return { endpoint, isHealthy: error === '', tookMs, error }
}

/** Why it is not healthy; empty when it is. */
async function illness(client: Client): Promise<string> {
  try {
    const options = { intent: 'read' } as const
    // Who may not read has been answered by a quorum all the same.
    await client.rpc(KV.range, { key: Buffer.from('health') }, options).catch((error) => {
      if (!(error instanceof ConclaveError && error.code === 'permission-denied')) throw error
    })
    const request = { action: AlarmAction.GET }
    const { alarms } = await client.rpc(Maintenance.alarm, request, options)
    if (alarms.length === 0) return ''
    const names = alarms.map(({ alarm }) => ALARM_NAMES[alarm] ?? `${alarm}`)
    return `Active Alarm(s): ${[...new Set(names)].join(', ')}`
  } catch (error) {
    if (!(error instanceof ConclaveError)) throw error
    return textOf(error)
  }
}

/** Asks every endpoint the same. */
async function ask<Request, Response>(
  context: CliContext,
  flags: EndpointFlags,
  method: Method<Request, Response, 'unary'>,
  request: Init<Request>,
) {
  const answers: EndpointAnswer<Response>[] = []
  const errors: [endpoint: string, text: string][] = []
  const endpoints = await endpointsOf(context, flags)
  const results = await Promise.all(
    endpoints.map((endpoint) =>
      withClient(context, endpoint, (client) =>
        client.rpc(method, request, { intent: 'read' }).catch((error: ConclaveError) => error),
      ),
    ),
  )
  for (const [i, endpoint] of endpoints.entries()) {
    const result = results[i]!
    if (result instanceof ConclaveError) errors.push([endpoint, textOf(result)])
    else answers.push({ endpoint, response: result as Response })
  }
  return { answers, errors }
}

async function withClient<T>(
  context: CliContext,
  endpoint: string,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = clientFor(context.options, [endpoint])
  try {
    return await use(client)
  } finally {
    client.close()
  }
}

async function endpointsOf(
  context: CliContext,
  { cluster = false }: EndpointFlags,
): Promise<readonly string[]> {
  if (!cluster) return context.options.endpoints
  const request = { linearizable: true }
  const response = await context.client.rpc(Cluster.memberList, request, { intent: 'read' })
  return response.members.flatMap(({ clientURLs }) => clientURLs)
}
