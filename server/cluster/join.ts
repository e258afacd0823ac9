/** Asks the members of a running cluster who they are: the first thing a joining member does. */

import type { DescribeResponse } from '../../client/wire/generated/peer.js'
import { Peer } from '../../client/wire/methods.js'
import type { Host } from '../host/host.js'
import { PEER_CALL_TIMEOUT_MS, PEER_RETRY_MS } from '../limits.js'

/** How long a joining member goes on asking, as in etcd. */
const PATIENCE_MS = 10_000

/** How long one that nobody waits for does: whoever answers may only be a little behind. */
const UNAWAITED_PATIENCE_MS = 2_000

/**
 * The first answer of any of these peers, asked in turn, that waits for us. One that is
 * behind may not know us yet, or know only whom we replace.
 *
 * @returns an answer that does not, when there is no other for two seconds.
 * @throws {Error} when nobody answers for ten seconds; the message lists what each of them said.
 */
export async function describeCluster(
  host: Pick<Host, 'transport' | 'clock'>,
  peerUrls: readonly string[],
  awaitsUs: (answer: DescribeResponse) => boolean,
): Promise<DescribeResponse> {
  const { clock } = host
  const startedMs = clock.now()
  const failures = new Map<string, string>()
  let stranger: DescribeResponse | undefined
  while (peerUrls.length > 0 && clock.now() < startedMs + PATIENCE_MS) {
    for (const url of peerUrls) {
      const answer = await ask(host, url)
      if (typeof answer === 'string') failures.set(url, answer)
      else if (awaitsUs(answer)) return answer
      else stranger = answer
    }
    if (stranger !== undefined && clock.now() >= startedMs + UNAWAITED_PATIENCE_MS) return stranger
    await new Promise<void>((resolve) => clock.after(PEER_RETRY_MS, resolve))
  }
  const said = [...failures].map((each) => each.join(': ')).join('; ')
  throw new Error(
    `no member of the cluster in --initial-cluster could be reached (${said || 'it names nobody else'})`,
  )
}

/** What a peer answers, or why it does not. */
async function ask(
  { transport }: Pick<Host, 'transport'>,
  url: string,
): Promise<DescribeResponse | string> {
  const channel = transport.connect(url)
  try {
    return await channel.call(Peer.describe, {}, { timeoutMs: PEER_CALL_TIMEOUT_MS })
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    channel.close()
  }
}
