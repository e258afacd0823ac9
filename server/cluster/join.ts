/** Asks the members of a running cluster who they are: the first thing a joining member does. */

import type { DescribeResponse } from '../../client/wire/generated/peer.js'
import { Peer } from '../../client/wire/methods.js'
import type { Host } from '../host/host.js'
import { PEER_CALL_TIMEOUT_MS } from '../limits.js'

/**
 * The first answer of any of these peers.
 *
 * @throws {Error} when nobody answers; the message lists what each of them said.
 */
export async function describeCluster(
  host: Pick<Host, 'transport'>,
  peerUrls: readonly string[],
): Promise<DescribeResponse> {
  const failures: string[] = []
  for (const url of peerUrls) {
    const channel = host.transport.connect(url)
    try {
      return await channel.call(Peer.describe, {}, { timeoutMs: PEER_CALL_TIMEOUT_MS })
    } catch (error) {
      failures.push(`${url}: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      channel.close()
    }
  }
  throw new Error(
    `no member of the cluster in --initial-cluster could be reached (${failures.join('; ') || 'it names nobody else'})`,
  )
}
