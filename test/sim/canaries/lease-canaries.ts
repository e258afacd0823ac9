/** Canaries in leases: time that was promised and not given. */

import type { Canary } from './canary.js'
import { often, SHORT_LEASES } from './focus.js'

/** See the head of the file. */
export const LEASE_CANARIES: readonly Canary[] = [
  {
    name: 'old-leader-revokes',
    story:
      'etcd #15247 and #12528: a leader that was stuck in a sync did not notice its successor and went on revoking leases that were kept alive there.',
    patches: [
      {
        file: 'server/state/apply-lease.js',
        find: 'if (leaderTerm !== 0 && leaderTerm !== term)',
        replace: 'if (false)',
      },
      {
        file: 'server/member/parts-around-raft.js',
        find: 'if (parts.isLeader)',
        replace: 'if (true)',
      },
      { file: 'server/member/leadership.js', find: 'this.#endDuty();', replace: '' },
    ],
    focus: {
      work: SHORT_LEASES,
      weights: { lease: 1 },
      faults: { moveLeader: often(1_500), partition: often(4_000, 2_000) },
    },
    seedsMax: 50,
  },
  {
    name: 'revoked-lease-kept-alive',
    story:
      'etcd PR #20615: check and renewal were two steps, and a keep-alive succeeded for a lease whose revocation was on its way.',
    patches: [
      {
        file: 'server/state/lessor.js',
        find: 'if (lease === undefined || lease.revoking)',
        replace: 'if (lease === undefined)',
      },
    ],
    focus: {
      disks: { callMsMean: 0.1, syncMsMean: 100 },
      work: SHORT_LEASES,
      weights: { lease: 1 },
      faults: {},
    },
    seedsMax: 50,
  },
  {
    name: 'renewal-keeps-checkpoint',
    story:
      'A danger of lease checkpoints: a renewal leaves the remaining time that was written down before it, and the next leader gives the lease that time only.',
    patches: [
      {
        file: 'server/state/lessor.js',
        find: 'return lease !== undefined && (lease.remainingSeconds > 0 || lease.checkpointing);',
        replace: 'return false;',
      },
    ],
    focus: {
      tuning: { leaseCheckpointIntervalMs: 1_000 },
      work: { ...SHORT_LEASES, leaseTtlSecondsMin: 4, leaseTtlSecondsMax: 8 },
      weights: { lease: 1 },
      faults: { moveLeader: often(2_000) },
    },
    seedsMax: 50,
  },
  {
    name: 'keep-alive-without-quorum',
    story:
      'A leader that was deposed while it stood still answers keep-alives from its own state, and promises time on a lease that its successor has ended.',
    patches: [
      {
        file: 'server/member/lease-calls.js',
        find: 'await readBarrier();',
        replace: 'await undefined;',
      },
    ],
    focus: {
      work: SHORT_LEASES,
      weights: { lease: 1 },
      faults: { pause: often(2_000, 6_000), cutOneWay: often(3_000, 2_000) },
    },
    seedsMax: 50,
  },
]
