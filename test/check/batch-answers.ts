/** The answers that members made of a batch of a session, beside those of the model. */

import { PipelineAnswer } from '../../client/wire/generated/pipeline.js'
import { RpcError, type Status } from '../../client/wire/status.js'
import type { ApplyResponse, ApplyResult } from '../../server/state/applied.js'
import type { NumberedCall, SessionAnswer } from '../model/sessions.js'
import { difference } from './difference.js'

/** An answer stands one level above the response in it. */
const ANSWER_DEPTH = -1

/** An answer of a call as if it had been an entry of its own. */
export function applyResultOf(answer: SessionAnswer): ApplyResult {
  if (answer.ok) return { ok: true, response: answer.response as ApplyResponse }
  const { status, text } = answer.error
  return { ok: false, error: new RpcError(status as Status, text) }
}

/** What is wrong with the answers that a member made, if the model ran these calls. */
export function differentAnswer(
  response: object,
  ran: readonly NumberedCall[],
): string | undefined {
  const { answers } = response as { readonly answers?: readonly Uint8Array[] }
  if (answers === undefined) return 'does not tell the answers of its calls'
  if (answers.length !== ran.length)
    return `carried out ${answers.length} calls, should be ${ran.length}`
  for (const [i, one] of ran.entries()) {
    const found = differenceOf(PipelineAnswer.decode(answers[i]!, undefined, ANSWER_DEPTH), one)
    if (found !== undefined) return `call ${one.sequence}: ${found}`
  }
  return undefined
}

function differenceOf(got: PipelineAnswer, { call, answer }: NumberedCall): string | undefined {
  const { revision, error, ...kinds } = got
  if (!answer.ok) return difference(error, answer.error, 'error')
  if (error !== undefined) return `was refused as "${error.text}", should be carried out`
  const { header, ...response } = answer.response
  if (revision !== header?.revision) return `revision is ${revision}, should be ${header?.revision}`
  const told = kinds[call!.kind]
  if (told === undefined) return `is no answer to a ${call!.kind}`
  return difference({ ...told, header: undefined }, { ...response, header: undefined })
}
