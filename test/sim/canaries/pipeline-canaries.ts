/** Canaries in the pipeline: writes done twice, out of order, or answered by no one. */

import type { Canary } from './canary.js'
import { type Focus, often } from './focus.js'

/** Many calls that nobody waits for, on sessions that outlive broken connections. */
const BURSTS = {
  members: 3,
  work: {
    clients: 4,
    pipelineShare: 1,
    sessionTtlSeconds: 60,
    stepsPerSecond: 20,
    stepsUnderWayMax: 4,
    timeoutMsMin: 5_000,
    timeoutMsMax: 5_000,
  },
  weights: { bursts: 10, registers: 3 },
} satisfies Focus

/** See the head of the file. */
export const PIPELINE_CANARIES: readonly Canary[] = [
  {
    name: 'sessions-not-restored',
    story:
      'Of the kind of etcd #14571: a member that starts, or installs a snapshot, knows no session and what was applied in it, so a write that comes again is a gap there.',
    patches: [
      {
        file: 'server/state/sessions.js',
        find: 'of backend.entries(TABLE)',
        replace: 'of []',
      },
    ],
    focus: { ...BURSTS, faults: { kill: often(2_000, 500) } },
    seedsMax: 50,
  },
  {
    name: 'repeated-write-applied',
    story:
      'Raft dissertation, 6.3: a batch that was proposed again, or sent again to another member, is applied again.',
    patches: [
      {
        file: 'server/state/apply-pipeline.js',
        find: 'const next = open.session.applied + 1 - first;',
        replace: 'const next = Math.min(0, open.session.applied + 1 - first);',
      },
    ],
    focus: { ...BURSTS, faults: { breakConnections: often(500), moveLeader: often(2_000) } },
    seedsMax: 50,
  },
  {
    name: 'gap-applied',
    story:
      'A batch whose predecessor was lost on the way to the leader is applied all the same, and its predecessor behind it.',
    patches: [
      {
        file: 'server/state/apply-pipeline.js',
        find: 'const next = open.session.applied + 1 - first;',
        replace: 'const next = Math.max(0, open.session.applied + 1 - first);',
      },
    ],
    focus: { ...BURSTS, faults: { loss: often(1_000, 1_000, 0.3), moveLeader: often(2_000) } },
    seedsMax: 50,
  },
  {
    name: 'answers-forgotten-early',
    story:
      'The answers of a session are forgotten when they were sent, not when the client said that they came.',
    patches: [
      {
        file: 'server/state/sessions.js',
        find: 'Math.min(acknowledged, session.applied)',
        replace: 'session.applied',
      },
    ],
    focus: { ...BURSTS, faults: { breakConnections: often(500) } },
    seedsMax: 50,
  },
  {
    name: 'batch-of-an-old-session',
    story:
      'Of the kind of etcd #15247: a batch that was on its way when its lease ended counts for the lease that was granted under the same id since.',
    patches: [
      {
        file: 'server/state/sessions.js',
        find: 'if (this.#lessor.grantedIndex(id) !== grantedIndex)',
        replace: 'if (this.#lessor.grantedIndex(id) === undefined)',
      },
    ],
    focus: {
      ...BURSTS,
      weights: { rawSessions: 10 },
      faults: {
        reorder: often(1_000, 1_000, 0.5),
        pause: often(1_000, 300),
        clog: often(2_000, 300),
      },
    },
    seedsMax: 50,
  },
  {
    name: 'writes-numbered-anew',
    story:
      'A client that resumes on another member gives its unanswered writes new numbers: some were applied already.',
    patches: [
      {
        file: 'client/pipeline/call-line.js',
        find: 'const again = [...this].filter((call) => !call.droppable);',
        replace:
          'const again = [...this].filter((call) => !call.droppable).map((call) => Object.assign(call, { sequence: 0 }));',
      },
    ],
    focus: { ...BURSTS, faults: { breakConnections: often(300), kill: often(3_000, 500) } },
    seedsMax: 50,
  },
  {
    name: 'writes-moved-to-a-new-session',
    story:
      'A client whose session was lost sends its unanswered writes again in the next one: some were applied already.',
    patches: [
      {
        file: 'client/pipeline/pipeline-stream.js',
        find: 'for (const call of this.#line.remove(({ sequence }) => sequence !== 0))\n            call.giveUp(why);',
        replace: 'for (const call of this.#line) call.sequence = 0;',
      },
    ],
    focus: {
      ...BURSTS,
      work: { ...BURSTS.work, sessionTtlSeconds: 1, timeoutMsMin: 10_000, timeoutMsMax: 10_000 },
      faults: { cutClients: often(1_000, 4_000), pauseClient: often(1_000, 4_000) },
    },
    seedsMax: 100,
  },
  {
    name: 'reads-resent-first',
    story:
      'A client that resumes sends its reads before its writes: a read misses a write that was made before it.',
    patches: [
      {
        file: 'client/pipeline/call-line.js',
        find: 'const again = [...this].filter((call) => !call.droppable);',
        replace:
          "const again = [...this].filter((call) => !call.droppable).sort((a, b) => Number(b.intent === 'read') - Number(a.intent === 'read'));",
      },
    ],
    focus: { ...BURSTS, faults: { breakConnections: often(300), kill: often(3_000, 500) } },
    seedsMax: 50,
  },
  {
    name: 'pipelined-read-on-arrival',
    story: 'A member answers a read when it comes, and not behind the writes before it.',
    patches: [
      {
        file: 'server/member/pipeline-stream.js',
        find: 'else if (call.read !== undefined && !call.isLocal)\n                needsBarrier = true;',
        replace:
          'else if (call.read !== undefined) call.answer = this.#options.client.read(call.read);',
      },
    ],
    focus: BURSTS,
    seedsMax: 50,
  },
  {
    name: 'pipelined-read-without-barrier',
    story:
      'etcd #741 in another place: a read that has no write before it is answered without a word of the leader.',
    patches: [
      {
        file: 'server/member/pipeline-stream.js',
        find: 'if (!open.isLocal && open.number > this.#cleared)',
        replace: 'if (false)',
      },
    ],
    focus: { ...BURSTS, weights: { bursts: 2, registers: 10 }, faults: {} },
    seedsMax: 50,
  },
  {
    name: 'answered-when-proposed',
    story:
      'A member answers a write when raft took it, not when it was applied: it may be lost, and its answer is a guess.',
    patches: [
      {
        file: 'server/member/pipeline-stream.js',
        find: 'writes.add(sequence, call.data);',
        replace: `{
            writes.add(sequence, call.data);
            const revision = this.#options.session.view() ? 2 : 1;
            call.answer = Uint8Array.of(0x08, revision, 0x5a, 0);
        }`,
      },
      {
        file: 'server/member/pipeline-stream.js',
        find: 'if (open?.sequence !== sequence)',
        replace: 'if (open?.sequence !== sequence) return;\n        if (false)',
      },
    ],
    focus: BURSTS,
    seedsMax: 50,
  },
]
