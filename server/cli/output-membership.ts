/** What changes of the membership print: a sentence, or the response as JSON. */

import type {
  Member,
  MemberAddResponse,
  MemberListResponse,
  ResponseHeader,
} from '../../client/wire/generated/rpc.js'
import type { Line } from './output.js'
import { headerJson, type Json, memberJson, some, toJson } from './output-json.js'

/** A response with the members as they are afterwards. */
export type MembersResponse = Pick<MemberListResponse, 'header' | 'members'>

/** Prints changes of who takes part and who leads: etcdctl knows these in two formats. */
export interface MembershipPrinter {
  memberAdd(response: MemberAddResponse): Line[]
  /** @param change what became of the member, up to the word before "cluster". */
  memberChange(response: MembersResponse, id: bigint, change: string): Line[]
  moveLeader(from: bigint, to: bigint): Line[]
}

/** Sentences. */
export const simpleMembershipPrinter: MembershipPrinter = {
  memberAdd: ({ header, member }) => {
    const what = member?.isLearner ? 'added as learner to' : 'added to'
    return [sentence(header, member?.ID ?? 0n, what)]
  },
  memberChange: ({ header }, id, change) => [sentence(header, id, change)],
  moveLeader: (from, to) => [
    `Leadership transferred from ${from.toString(16)} to ${to.toString(16)}`,
  ],
}

/** JSON documents. */
export const jsonMembershipPrinter: MembershipPrinter = {
  memberAdd: ({ header, member, members }) => [
    toJson({
      header: headerJson(header),
      member: member && memberJson(member),
      ...membersJson(members),
    }),
  ],
  memberChange: ({ header, members }) => [
    toJson({ header: headerJson(header), ...membersJson(members) }),
  ],
  // As in etcd the response has nothing in it.
  moveLeader: () => ['{}'],
}

/** 16 columns of hexadecimal digits. */
function idText(id: bigint): string {
  return id.toString(16).padStart(16)
}

function sentence(header: ResponseHeader | undefined, id: bigint, change: string): string {
  return `Member ${idText(id)} ${change} cluster ${idText(header?.clusterId ?? 0n)}`
}

function membersJson(members: readonly Member[]): { [name: string]: Json } {
  return some({ members: members.map(memberJson) })
}
