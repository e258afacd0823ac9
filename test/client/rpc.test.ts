/** Any method of the wire contract. */

import { expect } from '@jest/globals'
import { LockService } from '../../client/index.js'
import { subject } from './subject.js'

subject('rpc', (server) => {
  const lockTest = server.having('lock-service')

  lockTest('any method of the contract can be called', async () => {
    const lease = await server.client.lease.grant(60)
    const name = Buffer.from(`${server.at}lock`)
    const { key } = await server.client.rpc(LockService.lock, { name, lease: lease.id })
    expect(Buffer.from(key).toString()).toContain(`${server.at}lock/`)
    await server.client.rpc(LockService.unlock, { key })
  })
})
