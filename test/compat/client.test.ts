/** The client against a real etcd. */

import { describe, test } from '@jest/globals'
import { clientSuite } from './client-suite.js'
import { findEtcd, startEtcd } from './etcd-process.js'

const etcd = findEtcd()

if (etcd !== undefined) clientSuite('against etcd', () => startEtcd(etcd))
else
  describe('against etcd', () => {
    if (process.env['CI'] === 'true')
      test('etcd is installed', () => {
        throw new Error('no etcd: set ETCD_BIN or put etcd on the PATH')
      })
    else test.skip('skipped: no etcd; set ETCD_BIN or put etcd on the PATH', () => {})
  })
