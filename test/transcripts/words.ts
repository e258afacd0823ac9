/** How transcripts spell messages, entries, batches and configurations. */

import {
  ConfigChange,
  type ConfState,
  type Entry,
  EntryType,
  Kind,
  type Message,
  MessageType,
  Transition,
} from '../../client/wire/generated/raft.js'
import type { Persist } from '../../server/raft/raft.js'

const typeNames = new Map<number, string>(
  Object.entries(MessageType).map(([name, type]) => [
    type,
    name.toLowerCase().replaceAll('_', '-'),
  ]),
)
const kindNames: Record<number, string> = {
  [Kind.ADD_VOTER]: 'add-voter',
  [Kind.ADD_LEARNER]: 'add-learner',
  [Kind.REMOVE]: 'remove',
  [Kind.UPDATE]: 'update',
}

/** Entry 7 of term 3 with data "x" is `7:3 "x"`. */
export function entry({ index, term, type, data }: Entry): string {
  if (type === EntryType.CONFIG_CHANGE)
    return `${index}:${term} (${changeWords(ConfigChange.decode(data))})`
  const text = new TextDecoder().decode(data)
  return text === '' ? `${index}:${term}` : `${index}:${term} "${text}"`
}

function entries(list: readonly Entry[]): string {
  return `[${list.map(entry).join(', ')}]`
}

function changeWords({ transition, steps }: ConfigChange): string {
  if (steps.length === 0) return 'leave'
  const words = steps.map(({ kind, member }) => `${kindNames[kind]} ${member}`)
  if (transition === Transition.JOINT_IMPLICIT) words.unshift('joint')
  if (transition === Transition.JOINT_EXPLICIT) words.unshift('joint-explicit')
  return words.join(' ')
}

/** The change that `add-voter 4 remove 1`, `joint remove 2` or `leave` spell. */
export function change(words: readonly string[]): ConfigChange {
  const rest = [...words]
  const made = ConfigChange.create()
  if (rest[0] === 'leave') return made
  if (rest[0] === 'joint') made.transition = Transition.JOINT_IMPLICIT
  if (rest[0] === 'joint-explicit') made.transition = Transition.JOINT_EXPLICIT
  if (made.transition !== Transition.AUTO) rest.shift()
  while (rest.length > 0) {
    const name = rest.shift()
    const found = Object.entries(kindNames).find(([, value]) => value === name)
    if (!found || rest[0] === undefined) throw new Error(`what is "${words.join(' ')}"?`)
    made.steps.push({ kind: Number(found[0]) as Kind, member: BigInt(rest.shift()!) })
  }
  return made
}

/** `voters 1 2 3, leaving 1 2, learners 4`. */
export function configuration(confState: ConfState): string {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = confState
  const parts = [`voters ${voters.join(' ')}`]
  if (votersOutgoing.length > 0) parts.push(`and old voters ${votersOutgoing.join(' ')}`)
  if (learners.length > 0) parts.push(`learners ${learners.join(' ')}`)
  if (learnersNext.length > 0) parts.push(`learners to be ${learnersNext.join(' ')}`)
  if (autoLeave) parts.push('leaving by itself')
  return parts.join(', ')
}

/** One batch for the disk. */
export function persist({ hardState, entries: list, snapshot, mustSync }: Persist): string {
  const parts: string[] = []
  if (hardState) {
    const { term, vote, commit } = hardState
    parts.push(`term ${term}, vote ${vote || 'none'}, commit ${commit}`)
  }
  if (snapshot) parts.push(`snapshot at ${snapshot.index}:${snapshot.term}`)
  if (list.length > 0) parts.push(entries(list))
  return `${parts.join(', ')}${mustSync ? '' : ' (no sync)'}`
}

/** A message with the fields that its type uses. */
export function message(sent: Message): string {
  return `${sent.from}->${sent.to} ${typeNames.get(sent.type)} term ${sent.term}${details(sent)}`
}

function details(sent: Message): string {
  const { index, logTerm, context } = sent
  switch (sent.type) {
    case MessageType.APPEND:
      return ` after ${index}:${logTerm} ${entries(sent.entries)} commit ${sent.commit}`
    case MessageType.APPEND_RESPONSE:
      if (!sent.reject) return ` up to ${index}`
      return ` refuses ${index}, try ${sent.rejectHint}:${logTerm}`
    case MessageType.HEARTBEAT:
      return ` commit ${sent.commit} round ${context}`
    case MessageType.HEARTBEAT_RESPONSE:
      return ` round ${context}`
    case MessageType.VOTE:
    case MessageType.PRE_VOTE:
      return ` log ends ${index}:${logTerm}${sent.transfer ? ' (transfer)' : ''}`
    case MessageType.VOTE_RESPONSE:
    case MessageType.PRE_VOTE_RESPONSE:
      return sent.reject ? ` no (committed ${sent.commit}:${logTerm})` : ' yes'
    case MessageType.SNAPSHOT:
      return ` at ${sent.snapshot?.index}:${sent.snapshot?.term}`
    case MessageType.PROPOSE:
      return ` ${entries(sent.entries)}`
    case MessageType.READ_INDEX:
      return ` try ${context}`
    case MessageType.READ_INDEX_RESPONSE:
      return ` try ${context} at ${index}`
    case MessageType.TRANSFER_LEADER:
      return ` to ${sent.transferee}`
    default:
      return ''
  }
}
