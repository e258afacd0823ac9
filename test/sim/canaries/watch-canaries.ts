/** Canaries in watches: events that are lost, told twice, too early or out of place. */

import type { Canary } from './canary.js'
import { BUSY, often, TINY_WATCHES } from './focus.js'

/** See the head of the file. */
export const WATCH_CANARIES: readonly Canary[] = [
  {
    name: 'progress-ahead',
    story: 'etcd #15220: a progress notification overtook events that were still to come.',
    patches: [
      {
        file: 'server/mvcc/watch-stream.js',
        find: "return watcher.state === 'live' && this.#owner.revision >= watcher.start;",
        replace: 'return true;',
      },
    ],
    focus: {
      member: { watchProgressNotifyIntervalMs: 1_000 },
      tuning: TINY_WATCHES,
      work: { ...BUSY, slowReaderMs: 100, watchersMax: 6 },
      weights: { registers: 10, watch: 5 },
    },
    seedsMax: 50,
  },
  {
    name: 'future-start-forgotten',
    story: 'etcd #20221: a watcher that starts in the future was told of older events.',
    patches: [
      {
        file: 'server/mvcc/watch-hub.js',
        find: 'watcher.next = watcher.start === 0 ? this.#revision + 1 : watcher.start;',
        replace:
          'watcher.next = watcher.start === 0 ? this.#revision + 1 : Math.min(watcher.start, this.#revision + 1);',
      },
    ],
    seedsMax: 50,
  },
  {
    name: 'slow-watcher-loses',
    story: 'etcd #17529: a watcher whose client was too slow lost the events that found no room.',
    patches: [
      {
        file: 'server/mvcc/watch-hub.js',
        find: 'watcher.next = this.#revision;',
        replace: 'watcher.next = this.#revision + 1;',
      },
    ],
    focus: {
      tuning: TINY_WATCHES,
      work: { ...BUSY, slowReaderMs: 1_000, watchersMax: 6 },
      weights: { registers: 10, watch: 5 },
    },
    seedsMax: 50,
  },
  {
    name: 'replayed-after-snapshot',
    story:
      'etcd #15271: after a snapshot was installed, watchers that were level were told of the past once more.',
    patches: [
      {
        file: 'server/mvcc/watch-hub.js',
        find: 'watcher.next = Math.max(watcher.next, this.#revision + 1);',
        replace: '',
      },
    ],
    focus: {
      members: 3,
      member: { snapshotCount: 5, snapshotCatchupEntries: 0 },
      work: { ...BUSY, watchersMax: 6 },
      weights: { registers: 10, watch: 5 },
      faults: { partition: often(3_000, 2_000) },
    },
    seedsMax: 50,
  },
  {
    name: 'told-twice',
    story:
      'etcd #17247: an event came twice; here to a watcher that catches up and is refused for lack of room.',
    patches: [
      {
        file: 'server/mvcc/catch-up.js',
        find: 'watcher.next = batch.firstRevision;',
        replace: 'watcher.next = batch.firstRevision - 1;',
      },
    ],
    focus: {
      tuning: TINY_WATCHES,
      work: { ...BUSY, slowReaderMs: 1_000, watchersMax: 6 },
      weights: { registers: 10, watch: 5 },
    },
    seedsMax: 50,
  },
  {
    name: 'compacted-and-silent',
    story:
      'A watcher that needs a compacted revision goes on behind it without being told, as slow watchers did in etcd #17529.',
    patches: [
      {
        file: 'server/mvcc/catch-up.js',
        find: 'watcher.stream.compacted(watcher, compactRevision);',
        replace: 'watcher.next = compactRevision;',
      },
    ],
    focus: {
      tuning: TINY_WATCHES,
      work: { ...BUSY, slowReaderMs: 1_000, watchersMax: 6, compactionIntervalMs: 200 },
      weights: { registers: 10, watch: 5, compaction: 3 },
    },
    seedsMax: 50,
  },
]
