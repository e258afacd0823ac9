/** Canaries in the client and its recipes: they are part of the promise. */

import type { Canary } from './canary.js'
import { often, SHORT_LEASES } from './focus.js'

/** See the head of the file. */
export const CLIENT_CANARIES: readonly Canary[] = [
  {
    name: 'writes-retried',
    story:
      'etcd #14890 and #18424, jetcd 0.8.2: the client sent writes again after UNAVAILABLE, and some were done twice or after their caller had given up.',
    patches: [
      {
        file: 'client/connection/retry.js',
        find: "return intent === 'read' && isSick(error);",
        replace: 'return isSick(error);',
      },
    ],
    seedsMax: 100,
  },
  {
    name: 'lock-of-a-dead-lease',
    story:
      'etcd #11456, found by Jepsen: after the wait a lock was returned without a look whether its own key, and so its lease, was still there.',
    patches: [
      {
        file: 'recipes/contention.js',
        find: 'standing = await this.#decide();',
        replace: 'standing = { ahead: undefined, revision: 0 };',
      },
    ],
    focus: {
      work: { ...SHORT_LEASES, clients: 8, locks: 1 },
      weights: { mutex: 10, registers: 1 },
      faults: { cutClients: often(1_500, 3_000), pause: often(3_000, 2_000) },
    },
    seedsMax: 50,
  },
  {
    name: 'client-watch-skips',
    story: 'A watch that is resumed after a broken connection starts one revision too late.',
    patches: [
      {
        file: 'client/watch-feed.js',
        find: 'this.nextRevision = Math.max(this.nextRevision, this.#givenRevision + 1);',
        replace: 'this.nextRevision = Math.max(this.nextRevision, this.#givenRevision + 2);',
      },
    ],
    focus: { weights: { registers: 10, clientWatch: 5 }, faults: { breakConnections: often(300) } },
    seedsMax: 50,
  },
]
