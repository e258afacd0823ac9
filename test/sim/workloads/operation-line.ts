/** An operation that is over as one short line of the event log. */

import type { Operation } from '../../check/operation.js'
import type { Call } from '../../model/call.js'
import { latin1 } from '../../model/history.js'
import { revisionOf } from './known.js'

/** `#17 put r/01 ok @23`: number, what, outcome, revision. */
export function operationLine({ id, call, answer }: Operation): string {
  return `#${id} ${callText(call)} ${answerText(answer)}`
}

function callText(call: Call): string {
  const { request } = call
  if ('key' in request) return `${call.kind} ${JSON.stringify(latin1(request.key))}`
  if ('ID' in request) return `${call.kind} ${request.ID.toString(16)}`
  if ('revision' in request) return `${call.kind} ${request.revision}`
  const { compare, success, failure } = request
  return `${call.kind} ${compare.length}?${success.length}:${failure.length}`
}

function answerText(answer: Operation['answer']): string {
  if (answer === undefined) return 'under way'
  if (answer.kind === 'ok') return `ok @${revisionOf(answer)}`
  return answer.kind === 'refused' ? `refused ${answer.error}` : `${answer.kind} ${answer.reason}`
}
