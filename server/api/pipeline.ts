/** The Pipeline service: ties a gRPC stream to a stream of the member's pipelines. See docs/protocol.md. */

import type { Clock } from '../../client/host/clock.js'
import { toRpcError } from '../../client/host/failure.js'
import type { ServiceTable } from '../../client/host/service.js'
import type { MessageStream } from '../../client/host/stream.js'
import { encodeBytes, type Init, InvalidMessage } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import {
  PipelineAnswer,
  type PipelineCall,
  type PipelineHello,
  type PipelineRequest,
  type PipelineResponse,
} from '../../client/wire/generated/pipeline.js'
import { Pipeline } from '../../client/wire/methods.js'
import { RpcError } from '../../client/wire/status.js'
import { PIPELINE_CALLS_MAX } from '../limits.js'
import type { QueuedCall } from '../member/pipeline-calls.js'
import { misuse, type PipelineClient, type PipelineStream } from '../member/pipeline-stream.js'
import { storeAt } from '../mvcc/store-at.js'
import type { Member } from '../server.js'
import { encodeRefusal } from '../state/pipeline-answer.js'
import { readTxn } from '../state/txn.js'
import { gatedStream } from './gate.js'
import { readRange } from './kv.js'
import { admitCall } from './pipeline-door.js'

type Stream = MessageStream<PipelineRequest, Init<PipelineResponse>>

/** The row of the Pipeline service over a member. */
export function pipelineService(member: Member, clock: Clock): ServiceTable {
  return [gatedStream(member, clock, Pipeline.open, (stream) => serve(member, stream))]
}

function serve(member: Member, stream: Stream): void {
  let pipeline: PipelineStream | undefined
  let greeted = false
  let ended = false
  let closed = false

  const open = (hello: PipelineHello): void => {
    if (closed) return
    member.assertReadable()
    const opened = member.pipelines.open(
      hello.session,
      clientOf(member, stream),
      hello.grantedIndex,
    )
    pipeline = opened.stream
    const { applied, grantedIndex } = opened
    const welcome = { applied, grantedIndex, ...member.pipelines.window }
    const { clusterId, memberId, raftTerm } = member.header()
    stream.send({ welcome, clusterId, memberId, raftTerm })
    stream.resume()
    if (ended) pipeline.clientEnded()
  }

  stream.receive({
    message(request) {
      if (pipeline !== undefined) return take(member, stream, pipeline, request)
      if (greeted || request.hello === undefined || request.calls.length > 0)
        return stream.fail(misuse('a pipeline begins with a greeting, alone in its message'))
      greeted = true
      // What comes before the welcome waits under flow control.
      stream.pause()
      const { hello } = request
      member
        .readBarrier()
        .then(() => open(hello))
        .catch((error: unknown) => stream.fail(toRpcError(error)))
    },
    drain: () => pipeline?.drained(),
    end() {
      ended = true
      if (pipeline !== undefined) pipeline.clientEnded()
      else if (!greeted) stream.end()
    },
    close() {
      closed = true
      pipeline?.close()
    },
  })
}

function take(
  member: Member,
  stream: Stream,
  pipeline: PipelineStream,
  { hello, calls, acknowledged }: PipelineRequest,
): void {
  if (hello !== undefined) {
    stream.fail(misuse('a pipeline is greeted once'))
    return
  }
  if (calls.length > PIPELINE_CALLS_MAX) {
    stream.fail(misuse(`a message has more than ${PIPELINE_CALLS_MAX} calls`))
    return
  }
  const admitted: QueuedCall[] = []
  try {
    for (const bytes of calls) admitted.push(admitCall(member, bytes))
  } catch (error) {
    if (!(error instanceof InvalidMessage)) throw error
    stream.fail(misuse(`call ${admitted.length + 1} of a message cannot be read`))
    return
  }
  pipeline.take(admitted, acknowledged)
}

function clientOf(member: Member, stream: Stream): PipelineClient {
  return {
    send(answers) {
      const { clusterId, memberId, raftTerm } = member.header()
      return stream.send({ answers, clusterId, memberId, raftTerm })
    },
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    end: () => stream.end(),
    fail: (error) => stream.fail(error),
    revision: () => member.machine.store.revision,
    read: (call, revision) => answerRead(member, call, revision),
  }
}

/** The encoded PipelineAnswer of a read, from the state as it is, or was. Never throws: it may be called by apply. */
function answerRead(
  member: Member,
  { range, txn }: PipelineCall,
  revision: number | undefined,
): Uint8Array {
  const { machine } = member
  const isLate = revision !== undefined && revision < machine.store.compactRevision
  if (isLate) return encodeRefusal(revision, etcdErrors.requestTooManyRequests.error())
  const store = revision === undefined ? machine.store : storeAt(machine.store, revision)
  try {
    if (range !== undefined)
      return encodeBytes(PipelineAnswer, {
        revision: store.revision,
        range: readRange(store, range),
      })
    const { header, ...rest } = readTxn(store, txn!)
    return encodeBytes(PipelineAnswer, { revision: header?.revision ?? store.revision, txn: rest })
  } catch (error) {
    if (!(error instanceof RpcError)) member.log.error('a read of a pipeline failed', { error })
    return encodeRefusal(store.revision, toRpcError(error))
  }
}
