/** Peer URLs as a request names them. */

import { etcdErrors } from '../../client/wire/etcd-errors.js'

const HOST_AND_PORT = /^http:\/\/[^/?#@]+:\d+$/

/**
 * The URLs in order, trimmed: scheme, host and port, nothing else, as in etcd.
 *
 * @throws memberBadURLs there are none, or one of them cannot be reached by this version.
 */
export function peerUrlsOf(texts: readonly string[]): string[] {
  const urls = texts.map((text) => text.trim())
  const isGood = (url: string): boolean => HOST_AND_PORT.test(url) && URL.canParse(url)
  if (urls.length === 0 || !urls.every(isGood)) throw etcdErrors.memberBadURLs.error()
  return urls.sort()
}
