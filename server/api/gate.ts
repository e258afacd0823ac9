/**
 * What every call passes before its handler: is this member fit to answer at all?
 *
 * A caller that sends `hasleader: true` wants an error at once when there is no
 * leader, rather than a wait; streams with it are cut after three election timeouts
 * without one (etcd `v3rpc/interceptor.go`). All streams end with the member.
 */

import type { Clock, Timer } from '../../client/host/clock.js'
import {
  type CallContext,
  type Route,
  type StreamHandler,
  streaming,
  type UnaryHandler,
  unary,
} from '../../client/host/service.js'
import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { RangeRequest } from '../../client/wire/generated/rpc.js'
import type { Method, MethodKind } from '../../client/wire/method.js'
import { KV, Maintenance } from '../../client/wire/methods.js'
import { RpcError } from '../../client/wire/status.js'
import { withEnd } from '../host/stream-end.js'
import type { Member } from '../server.js'

/** Election timeouts without a leader after which a stream that requires one is cut. */
const LEADERLESS_ELECTIONS_MAX = 3

/** A gated row for a unary method. */
export function gatedUnary<Request, Response>(
  member: Member,
  method: Method<Request, Response, 'unary'>,
  handler: UnaryHandler<Request, Response>,
): Route {
  return unary(method, (request, context) =>
    member.calls.run<Init<Response>>(() => {
      member.assertReadable()
      assertServed(member, method.path, request)
      if (requiresLeader(context) && member.raft.leader === 0n) throw etcdErrors.noLeader.error()
      return handler(request, context)
    }),
  )
}

/** A gated row for a streaming method. */
export function gatedStream<Request, Response>(
  member: Member,
  clock: Clock,
  method: Method<Request, Response, Exclude<MethodKind, 'unary'>>,
  handler: StreamHandler<Request, Response>,
): Route {
  return streaming(method, (stream, context) => {
    const needsLeader = requiresLeader(context)
    try {
      member.assertReadable()
      assertServed(member, method.path)
      if (needsLeader && member.raft.leader === 0n) throw etcdErrors.noLeader.error()
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      stream.fail(error)
      return
    }
    const fail = (error: RpcError) => stream.fail(error)
    const releases = [member.onStop(() => fail(etcdErrors.stopped.error()))]
    if (needsLeader) releases.push(superviseLeader(member, clock, fail))
    const release = () => {
      for (const each of releases) each()
    }
    handler(withEnd(stream, release), context)
  })
}

/** What a learner answers to anybody, as in etcd. */
const LEARNER_PATHS = new Set<string>([Maintenance.status.path, Maintenance.snapshot.path])

/** A learner may be far behind, and speaks for itself alone. @throws notSupportedForLearner */
function assertServed(member: Member, path: string, request?: unknown): void {
  if (!member.isLearner || LEARNER_PATHS.has(path)) return
  const isLocalRead = path === KV.range.path && (request as RangeRequest).serializable
  if (!isLocalRead) throw etcdErrors.notSupportedForLearner.error()
}

function requiresLeader(context: CallContext): boolean {
  return context.metadata['hasleader'] === 'true'
}

/** Calls `fail` once when this member has known no leader for too long, unless it is released before. */
function superviseLeader(
  member: Member,
  clock: Clock,
  fail: (error: RpcError) => void,
): () => void {
  const limitMs = LEADERLESS_ELECTIONS_MAX * member.config.electionTimeoutMs
  let timer: Timer
  const look = (): void => {
    const sinceMs = member.leaderlessSinceMs
    if (sinceMs !== undefined && clock.now() - sinceMs >= limitMs) fail(etcdErrors.noLeader.error())
    else arm()
  }
  const arm = (): void => {
    timer = clock.after(member.config.electionTimeoutMs, look)
  }
  arm()
  return () => timer.cancel()
}
