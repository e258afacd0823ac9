/**
 * The tiny language of the transcripts. One command per line, words separated by blanks:
 *
 *     nodes 1 2 3 [key=value ...]     members of a new cluster; settings hold for all that follow
 *     node 1 of 1 2 3 term 5 log 1 4  one member in term 5 with entries 2 and 3 of terms 1 and 4
 *     join 4                          a member with an empty disk that knows nobody
 *     campaign 1 | tick 1 5 | tick all 5
 *     propose 1 text ... | change 1 add-voter 4 remove 1 | change 1 joint ... | change 1 leave
 *     read 1 7 | transfer 1 2 | compact 1 5 | unreachable 1 2
 *     slow-disk 1 | fast-disk 1 | persist 1
 *     work 1                          carries out the output of one member
 *     deliver [1->2 | ->2 | 1->]      delivers what is on the network, once
 *     drop [1->2]                     loses what is on the network
 *     cut 1->2 | isolate 1 | heal | crash 1 | restart 1
 *     stabilize [briefly]             until nothing moves; briefly: without messages and writes
 *     status [1] | log 1
 */

import type { ConfState, Message } from '../../client/wire/generated/raft.js'
import { ProposalDropped } from '../../server/raft/raft.js'
import { Stage, type StageConfig } from './stage.js'
import { configuration, entry, message } from './words.js'

type Command = (play: Play, words: string[]) => void

/** One run of a transcript. */
export class Play {
  readonly stage = new Stage()
  settings: StageConfig = {}

  /** Carries out one line and returns what happened. */
  run(line: string): string[] {
    const [name = '', ...words] = line.split(/\s+/)
    const command = commands[name]
    if (!command) throw new Error(`unknown command: ${line}`)
    try {
      command(this, words)
    } catch (error) {
      if (!(error instanceof ProposalDropped)) throw error
      this.stage.lines.push(`dropped (${error.reason}): ${error.message}`)
    }
    const { lines } = this.stage
    this.stage.lines = []
    return lines.length > 0 ? lines : ['ok']
  }
}

function ids(words: readonly string[]): bigint[] {
  return words.map((word) => BigInt(word))
}

function voterSet(voters: bigint[]): ConfState {
  return { voters, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false }
}

function settingsOf(words: readonly string[]): StageConfig {
  return Object.fromEntries(
    words.map((word) => {
      const [key = '', value = ''] = word.split('=')
      if (value === 'on' || value === 'off') return [key, value === 'on']
      return [key, /^\d+$/.test(value) ? Number(value) : value]
    }),
  )
}

/** `1->2`, `1->`, `->2` or nothing, as a test of messages. */
function onLink(link = '->'): (sent: Message) => boolean {
  const [from, to] = link.split('->')
  return (sent) => (!from || sent.from === BigInt(from)) && (!to || sent.to === BigInt(to))
}

function status({ stage }: Play, [only]: string[]): void {
  for (const { id, raft, down } of stage.actors.values()) {
    if (only !== undefined && id !== BigInt(only)) continue
    const { role, term, leader, commit, applied, firstIndex, lastIndex } = raft.state
    const log = `log ${firstIndex}..${lastIndex}, commit ${commit}, applied ${applied}`
    stage.lines.push(
      down ? `${id} is down` : `${id} ${role} term ${term} leader ${leader || 'none'}, ${log}`,
    )
    for (const [member, seen] of raft.state.progress) {
      const { state, match, next, inflightMessages, paused } = seen
      if (member === id || down) continue
      const flow = `${inflightMessages} in flight${paused ? ', paused' : ''}`
      stage.lines.push(`  ${member}: ${state}, match ${match}, next ${next}, ${flow}`)
    }
  }
}

function showLog({ stage }: Play, [id = '']: string[]): void {
  const { raft } = stage.actor(BigInt(id))
  const { firstIndex, lastIndex, confState } = raft.state
  const list = raft.entries(firstIndex, lastIndex).map(entry)
  stage.lines.push(`${id}: ${list.join(', ') || 'nothing in memory'}; ${configuration(confState)}`)
}

function addNode({ stage, settings }: Play, words: string[]): void {
  const [, id = '', voters = '', term = '', log = ''] =
    /^(\d+) of ([\d ]+?)(?: term (\d+))?(?: log ([\d ]+))?$/.exec(words.join(' ')) ?? []
  const terms = log === '' ? [] : log.split(' ').map(Number)
  stage.add(BigInt(id), voterSet(ids(voters.split(' '))), settings, Number(term), terms)
}

function tick({ stage }: Play, [who = 'all', count = '1']: string[]): void {
  for (let i = 0; i < Number(count); i++)
    for (const { id, raft, down } of stage.actors.values())
      if (!down && (who === 'all' || id === BigInt(who))) raft.tick()
}

function stabilize({ stage }: Play, [how]: string[]): void {
  stage.stabilize()
  if (how === 'briefly') stage.lines = stage.lines.filter((line) => !/->|^\d+ writes /.test(line))
}

function isolate({ stage }: Play, words: string[]): void {
  for (const id of words)
    for (const other of stage.actors.keys()) {
      stage.cut.add(`${id}->${other}`)
      stage.cut.add(`${other}->${id}`)
    }
}

function drop({ stage }: Play, [link]: string[]): void {
  const matches = onLink(link)
  for (const sent of stage.network) if (matches(sent)) stage.lines.push(`lost: ${message(sent)}`)
  stage.network = stage.network.filter((sent) => !matches(sent))
}

/** Commands on one member: the first word is its id. */
function onMember(act: (play: Play, id: bigint, words: string[]) => void): Command {
  return (play, [id = '', ...words]) => act(play, BigInt(id), words)
}

const commands: Readonly<Record<string, Command>> = {
  nodes(play, words) {
    const members = ids(words.filter((word) => !word.includes('=')))
    play.settings = settingsOf(words.filter((word) => word.includes('=')))
    for (const id of members) play.stage.add(id, voterSet(members), play.settings)
  },
  settings(play, words) {
    play.settings = settingsOf(words)
  },
  node: addNode,
  join: onMember(({ stage, settings }, id) => stage.add(id, voterSet([]), settings)),
  campaign: onMember(({ stage }, id) => stage.actor(id).raft.campaign()),
  tick,
  propose: onMember(({ stage }, id, words) =>
    stage.actor(id).raft.propose(new TextEncoder().encode(words.join(' '))),
  ),
  change: onMember(({ stage }, id, words) => stage.proposeChange(id, words)),
  read: onMember(({ stage }, id, [context]) => stage.actor(id).raft.readIndex(Number(context))),
  transfer: onMember(({ stage }, id, [to = '']) =>
    stage.actor(id).raft.transferLeadership(BigInt(to)),
  ),
  compact: onMember(({ stage }, id, [index]) => stage.actor(id).raft.compact(Number(index))),
  unreachable: onMember(({ stage }, id, [other = '']) =>
    stage.actor(id).raft.reportUnreachable(BigInt(other)),
  ),
  'slow-disk': onMember(({ stage }, id) => {
    stage.actor(id).slow = true
  }),
  'fast-disk': onMember(({ stage }, id) => {
    stage.actor(id).slow = false
  }),
  persist: onMember(({ stage }, id) => stage.persistAll(stage.actor(id))),
  work: onMember(({ stage }, id) => {
    stage.work(stage.actor(id))
  }),
  deliver({ stage }, [link]) {
    stage.deliver(onLink(link))
  },
  drop,
  cut({ stage }, words) {
    for (const link of words) stage.cut.add(link)
  },
  isolate,
  heal({ stage }) {
    stage.cut.clear()
  },
  crash: onMember(({ stage }, id) => stage.crash(id)),
  restart: onMember(({ stage }, id) => stage.restart(id)),
  stabilize,
  status,
  log: showLog,
}
