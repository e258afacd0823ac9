/** Canaries in consensus: votes, logs and commits, as the folklore of Raft has them. */

import type { Canary } from './canary.js'

/** See the head of the file. */
export const RAFT_CANARIES: readonly Canary[] = [
  {
    name: 'older-term-counted',
    story:
      'Raft paper, figure 8: a leader commits an entry of an older term by counting copies of it; a later leader may overwrite it all the same.',
    patches: [
      {
        file: 'server/raft/replication.js',
        find: 'if (index <= log.commit || log.term(index) !== core.term)',
        replace: 'if (index <= log.commit)',
      },
    ],
    seedsMax: 50,
  },
  {
    name: 'vote-forgotten',
    story:
      'The vote is not read back after a restart, so a member votes twice in a term and two leaders may share it.',
    patches: [
      {
        file: 'server/raft/core.js',
        find: 'this.vote = this.term === hardState.term ? hardState.vote : 0n;',
        replace: 'this.vote = 0n;',
      },
    ],
    seedsMax: 300,
  },
  {
    name: 'vote-before-log',
    story:
      "A vote is given without a look at the candidate's log, so a leader may lack committed entries (5.4.1).",
    patches: [
      {
        file: 'server/raft/election.js',
        find: 'const granted = free && core.log.isCurrent(index, logTerm);',
        replace: 'const granted = free;',
      },
    ],
    seedsMax: 50,
  },
  {
    name: 'append-before-sync',
    story:
      'A follower acknowledges entries that its disk does not have yet; what a quorum holds in memory only is committed, and a power loss takes it.',
    patches: [
      {
        file: 'server/raft/follower.js',
        find: 'core.promise(MessageType.APPEND_RESPONSE, from, { index: last });',
        replace: 'core.send(MessageType.APPEND_RESPONSE, from, { index: last });',
      },
    ],
    seedsMax: 50,
  },
  {
    name: 'lone-voter-before-sync',
    story:
      'etcd #14370: with one voter entries were committed, applied and acknowledged before the log was synced, and a crash took them back.',
    patches: [
      {
        file: 'server/raft/replication.js',
        find: 'if (self?.acknowledged(core.log.durable))',
        replace: 'if (self?.acknowledged(core.log.last))',
      },
      {
        file: 'server/raft/log.js',
        find: 'const until = Math.min(this.#commit, this.#durable);',
        replace: 'const until = this.#commit;',
      },
    ],
    seedsMax: 50,
  },
  {
    name: 'heartbeat-overcommits',
    story:
      "A heartbeat tells the leader's commit index to followers whose logs are not known to agree up to there, so they apply entries that never were committed.",
    patches: [
      {
        file: 'server/raft/read-index.js',
        find: 'commit: Math.min(progress.match, core.commit),',
        replace: 'commit: core.commit,',
      },
    ],
    seedsMax: 50,
  },
  {
    name: 'late-append-truncates',
    story:
      'A follower cuts its log behind every append, conflict or not: one that comes late takes away entries that were acknowledged since.',
    patches: [
      {
        file: 'server/raft/log.js',
        find: 'while (place < entries.length && this.term(before.index + 1 + place) === entries[place].term)',
        replace: 'while (false)',
      },
    ],
    seedsMax: 50,
  },
  {
    name: 'snapshot-keeps-old-voters',
    story:
      'A snapshot replaces the log but not the voters, so a member that slept through changes of the membership counts majorities of the old set.',
    patches: [
      {
        file: 'server/raft/follower.js',
        find: 'core.tracker.setConfState(confState, log.last);',
        replace: '',
      },
    ],
    seedsMax: 150,
  },
]
