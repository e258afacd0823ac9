/** Canaries in the replicated state: members that make different things of the same log. */

import type { Canary } from './canary.js'
import { BUSY, often } from './focus.js'

/** See the head of the file. */
export const STATE_CANARIES: readonly Canary[] = [
  {
    name: 'txn-half-applied',
    story:
      'etcd PR #18799: a transaction that failed at its second write left its first one behind.',
    patches: [
      {
        file: 'server/state/txn.js',
        find: 'checkPutState(state, requestPut);',
        replace:
          'try { checkPutState(state, requestPut); } catch (error) { if (error.details !== etcdErrors.leaseNotFound.text) throw error; }',
      },
      {
        file: 'server/state/txn.js',
        find: 'if (step.requestPut)',
        replace:
          'if (step.requestPut && step.requestPut.lease !== 0n && !lessor.has(step.requestPut.lease)) throw etcdErrors.leaseNotFound.error();\n    if (step.requestPut)',
      },
      {
        file: 'server/state/txn.js',
        find: 'const responses = path.steps.map((step) => run(transaction, state.lessor, step));',
        replace:
          'let responses; try { responses = path.steps.map((step) => run(transaction, state.lessor, step)); } catch (error) { transaction.end(); throw error; }',
      },
      {
        file: 'server/state/machine.js',
        find: 'if (this.store.revision !== before)',
        replace: 'if (false)',
      },
    ],
    seedsMax: 100,
  },
  {
    name: 'apply-looks-who-asked',
    story:
      'etcd #18667: members that nobody waits at skipped the reads of a transaction, and with them the error that stopped it elsewhere.',
    patches: [
      {
        file: 'server/member/raft-outputs.js',
        find: ': machine.apply(entry);',
        replace: ': machine.apply(entry, this.#parts.id);',
      },
      { file: 'server/state/machine.js', find: 'apply(entry) {', replace: 'apply(entry, self) {' },
      {
        file: 'server/state/machine.js',
        find: 'const filling = !this.quota.available(command);',
        replace: `if (command.txn && command.proposer !== self) {
            for (const branch of ['success', 'failure'])
                command.txn[branch] = command.txn[branch].filter((op) => !op.requestRange);
        }
        const filling = !this.quota.available(command);`,
      },
    ],
    seedsMax: 50,
  },
  {
    name: 'lease-keys-not-rebuilt',
    story:
      'Of the kind of etcd #14571, a view in memory that is not rebuilt from a snapshot: which keys hang on a lease is forgotten, so its end leaves them behind on one member.',
    patches: [
      {
        file: 'server/state/lessor.js',
        find: 'for (const { key, lease } of keys)',
        replace: 'for (const { key, lease } of [])',
      },
    ],
    seedsMax: 50,
  },
  {
    name: 'tombstone-at-boundary',
    story:
      'etcd #18089 and #19179: a compaction removed the tombstone at its own revision, and a watcher that started there never saw the deletion.',
    patches: [
      {
        file: 'server/mvcc/compaction.js',
        find: 'isTombstone(key) && main < target',
        replace: 'isTombstone(key) && main <= target',
      },
    ],
    focus: {
      work: { ...BUSY, compactionIntervalMs: 200, watchersMax: 6 },
      weights: { registers: 10, watch: 10, compaction: 5 },
      faults: { breakConnections: often(500) },
    },
    seedsMax: 50,
  },
  {
    name: 'revision-from-largest-key',
    story:
      'etcd #17780: the current revision was taken from the largest key, which a compaction may have removed before a crash: it went back.',
    patches: [
      {
        file: 'server/mvcc/compaction.js',
        find: 'isTombstone(key) && main < target',
        replace: 'isTombstone(key) && main <= target',
      },
      {
        file: 'server/mvcc/store.js',
        find: "const revision = readMark(backend, 'mvcc/revision') ?? 1;",
        replace:
          "let revision = 1; for (const [key] of backend.entries('kv')) revision = Math.max(revision, mainOf(key));",
      },
    ],
    focus: {
      work: { keys: 2, stepsPerSecond: 5, compactionIntervalMs: 200 },
      weights: { registers: 10, compaction: 20 },
      faults: { kill: often(1_000, 200), powerLossAll: often(3_000, 200) },
    },
    seedsMax: 50,
  },
  {
    name: 'member-update-promotes',
    story:
      "etcd PR #21736: an update of a learner's peer URLs wrote a whole record, and with its default made the learner a voter.",
    patches: [
      {
        file: 'server/state/members.js',
        find: 'this.#store({ ...this.#known(id), peerUrls: [...peerUrls] });',
        replace: 'this.#store({ ...this.#known(id), isLearner: false, peerUrls: [...peerUrls] });',
      },
    ],
    focus: { faults: { addLearner: often(3_000), updateUrls: often(1_000) } },
    seedsMax: 50,
  },
  {
    name: 'removed-member-returns',
    story:
      'etcd #13196 and #20967: one of two copies of the membership kept a removed member, and it came back after a restart.',
    patches: [
      {
        file: 'server/state/members.js',
        find: 'this.#backend.delete(TABLE, MEMBER + idKey(id));',
        replace: '',
      },
    ],
    focus: { faults: { addVoter: often(4_000), remove: often(4_000), kill: often(3_000, 200) } },
    seedsMax: 50,
  },
]
