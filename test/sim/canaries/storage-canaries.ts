/** Canaries between memory and disk: what a crash, a power loss or a bad disk leaves behind. */

import type { Canary } from './canary.js'
import { BUSY, often } from './focus.js'

/** See the head of the file. */
export const STORAGE_CANARIES: readonly Canary[] = [
  {
    name: 'log-never-synced',
    story:
      "The log is written and acknowledged but never synced, as with etcd's unsafe-no-fsync: a power loss takes what was promised.",
    patches: [
      {
        file: 'server/storage/wal.js',
        find: 'await this.#writer.sync();',
        replace: 'await undefined;',
      },
    ],
    seedsMax: 150,
  },
  {
    name: 'failed-sync-retried',
    story:
      'The fsync trap of 2018: a sync that failed is called again and succeeds, but the kernel has dropped the pages in between.',
    patches: [
      {
        file: 'server/storage/wal-writer.js',
        find: 'await this.#open.file.sync();',
        replace: 'await this.#open.file.sync().catch(() => this.#open.file.sync());',
      },
    ],
    focus: { faults: { syncError: often(2_000, 300, 0.5), powerLoss: often(3_000, 200) } },
    seedsMax: 50,
  },
  {
    name: 'failed-sync-ignored',
    story:
      'A sync that fails is logged and forgotten, and what it should have saved is acknowledged.',
    patches: [
      {
        file: 'server/storage/wal-writer.js',
        find: 'await this.#open.file.sync();',
        replace: 'await this.#open.file.sync().catch(() => {});',
      },
    ],
    focus: { faults: { syncError: often(2_000, 300, 0.5), powerLoss: often(3_000, 200) } },
    seedsMax: 50,
  },
  {
    name: 'log-checksum-ignored',
    story:
      "Records of the log are believed without a look at their checksums, so a flipped bit becomes a command (Jepsen's bitflip-wal).",
    patches: [
      {
        file: 'server/storage/wal-scan.js',
        find: 'return crc32c(payload, previous) === crc ? payload : undefined;',
        replace: 'return payload;',
      },
    ],
    focus: {
      members: 3,
      member: { snapshotCount: 10, snapshotCatchupEntries: 0 },
      tuning: { walSegmentBytes: 4_000 },
      disks: { callMsMean: 1, syncMsMean: 100 },
      work: { ...BUSY, stepsPerSecond: 30 },
      weights: { registers: 1 },
      faults: { rot: often(1_000, 200), kill: often(1_500, 500) },
    },
    seedsMax: 250,
  },
  {
    name: 'index-before-data',
    story:
      'etcd #13766, v3.5.0 to 3.5.2: the applied index reached the disk before what the entry did; a crash in between skips the entry on one member.',
    patches: [
      {
        file: 'server/state/machine.js',
        find: 'const result = this.#run(',
        replace: 'this.#applied.advance(entry.index, entry.term); const result = this.#run(',
      },
      {
        file: 'server/storage/backend.js',
        find: 'this.#clock.soon(() => {',
        replace: '((cut) => cut())(() => {',
      },
    ],
    focus: {
      tuning: { backendCommitWritesMax: 3 },
      faults: { kill: often(2_000, 200), powerLossAll: often(5_000, 200) },
    },
    seedsMax: 50,
  },
  {
    name: 'data-before-index',
    story:
      'The mirror image of etcd #13766, and #11651: what an entry did is saved without its index, so a restart applies the entry twice on one member.',
    patches: [
      {
        file: 'server/storage/backend.js',
        find: 'this.#clock.soon(() => {',
        replace: '((cut) => cut())(() => {',
      },
    ],
    focus: {
      tuning: { backendCommitWritesMax: 3 },
      faults: { kill: often(2_000, 200), powerLossAll: often(5_000, 200) },
    },
    seedsMax: 50,
  },
  {
    name: 'snapshot-name-not-synced',
    story:
      'etcd #22340: a received snapshot was synced and renamed but its directory was not; after a power loss the log named a file that was gone.',
    patches: [
      {
        file: 'server/storage/snapshot-receiver.js',
        find: 'await this.#disk.syncDirectory(this.#directory);',
        replace: '',
      },
    ],
    focus: {
      members: 3,
      member: { snapshotCount: 5, snapshotCatchupEntries: 0 },
      disks: { callMsMean: 1, syncMsMean: 60 },
      work: { ...BUSY, stepsPerSecond: 30 },
      weights: { registers: 1 },
      faults: { powerLoss: often(700, 300) },
    },
    seedsMax: 50,
  },
  {
    name: 'snapshot-while-installing',
    story:
      'etcd #18055: a second snapshot was taken in while the first was being installed, and took its file away.',
    patches: [
      {
        file: 'server/member/snapshot-traffic.js',
        find: 'if (installing() || this.#incoming !== own)',
        replace: 'if (this.#incoming !== own)',
      },
    ],
    focus: {
      members: 3,
      member: { snapshotCount: 10, snapshotCatchupEntries: 0 },
      disks: { callMsMean: 5, syncMsMean: 50 },
      work: BUSY,
      faults: {
        partition: often(2_000, 1_000),
        moveLeader: often(500),
        breakConnections: often(300),
      },
    },
    seedsMax: 50,
  },
  {
    name: 'segment-name-not-synced',
    story:
      'A new segment of the log is used before its directory is synced: a power loss takes the file with everything in it.',
    patches: [
      {
        file: 'server/storage/wal-segment.js',
        find: 'await disk.syncDirectory(directory);',
        replace: '',
      },
    ],
    focus: {
      tuning: { walSegmentBytes: 2_000 },
      work: BUSY,
      faults: { powerLoss: often(700, 200) },
    },
    seedsMax: 50,
  },
]
