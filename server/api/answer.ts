/** Proposes a command and gives its answer the ids and the term that every header carries. */

import type { Init } from '../../client/wire/codec.js'
import type { Command } from '../../client/wire/generated/command.js'
import type { ResponseHeader } from '../../client/wire/generated/rpc.js'
import type { Member } from '../server.js'

/**
 * The answer of an applied command, its header complete.
 *
 * @typeParam Response the response of the command's own kind: a put answers a PutResponse.
 */
export async function answer<Response extends { header: ResponseHeader | undefined }>(
  member: Member,
  command: Init<Command>,
): Promise<Init<Response>> {
  const response = (await member.propose(command)) as { header?: Init<ResponseHeader> }
  return { ...response, header: member.header(response.header?.revision) } as Init<Response>
}
