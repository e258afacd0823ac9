/** Canaries in linearizable reads: each lets a read miss what was acknowledged before it. */

import type { Canary } from './canary.js'
import { BUSY, often } from './focus.js'

/** See the head of the file. */
export const READ_CANARIES: readonly Canary[] = [
  {
    name: 'read-without-quorum',
    story:
      'etcd #741, found by Jepsen in 2014: the leader answered reads from its own state without asking whether it still led.',
    patches: [
      {
        file: 'server/raft/read-index.js',
        find: 'if (leaseValid(core)) {',
        replace: 'if (true) {',
      },
    ],
    focus: {
      members: 3,
      member: { heartbeatIntervalMs: 100, electionTimeoutMs: 1_000 },
      work: BUSY,
      weights: { registers: 1 },
      faults: { partition: often(3_000, 2_500), pause: often(2_000, 2_500) },
    },
    seedsMax: 200,
  },
  {
    name: 'read-before-own-commit',
    story:
      'etcd #7331: a new leader answered reads before an entry of its own term was committed, from a commit index behind that of its predecessor.',
    patches: [
      {
        file: 'server/raft/read-index.js',
        find: 'if (!core.reads.waits || !core.committedInTerm)',
        replace: 'if (!core.reads.waits)',
      },
    ],
    focus: {
      members: 3,
      disks: { callMsMean: 0.1, syncMsMean: 30 },
      work: BUSY,
      weights: { registers: 1 },
      faults: { kill: often(1_500, 300), moveLeader: often(1_000) },
    },
    seedsMax: 200,
  },
  {
    name: 'read-context-reused',
    story:
      'etcd #20418, found by Antithesis: a read that is tried again keeps its id, so the answer to the first try vouches for readers who came after it.',
    patches: [
      {
        file: 'server/member/reads.js',
        find: 'const context = this.#nextContext++;',
        replace: 'const context = this.#round?.context ?? this.#nextContext++;',
      },
    ],
    focus: {
      members: 5,
      member: { heartbeatIntervalMs: 100, electionTimeoutMs: 2_000 },
      work: { ...BUSY, stepsPerSecond: 60, timeoutMsMin: 5_000, timeoutMsMax: 5_000 },
      weights: { registers: 1 },
      faults: { clog: often(2_000, 1_000) },
    },
    seedsMax: 50,
  },
  {
    name: 'read-before-apply',
    story:
      'A read is answered as soon as its index is known, without waiting until the state has applied it (thesis 6.4, step 3).',
    patches: [
      {
        file: 'server/member/reads.js',
        find: 'this.#confirmed[0].index <= applied',
        replace: 'applied >= 0',
      },
    ],
    seedsMax: 300,
  },
]
