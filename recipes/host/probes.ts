/** Checks of instances over the network: does something listen, does it answer? */

import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect } from 'node:net'
import type { Check } from '../registry/health.js'
import { hostPort } from '../registry/instance.js'

/** How to ask over HTTP. */
export interface HttpCheckOptions {
  /** Default `/`. */
  readonly path?: string
  /** Which answers mean that it serves. Default 200 to 399. */
  readonly isHealthy?: (status: number) => boolean
}

/**
 * Does it accept a TCP connection?
 *
 * @example
 * const orders = new Registry(client, 'services').service('orders')
 * const checking = checkAll(orders, tcpCheck(), { everyMs: 2_000 })
 */
export function tcpCheck(): Check {
  return ({ address, port }, signal) =>
    new Promise<void>((resolve, reject) => {
      const socket = connect({ host: address, port, signal })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.destroy()
        resolve()
      })
    })
}

/**
 * Does it answer a GET? Over TLS when its protocol is `https`.
 *
 * @example
 * const orders = new Registry(client, 'services').service('orders')
 * const checking = checkAll(orders, httpCheck({ path: '/healthz' }))
 */
export function httpCheck(options: HttpCheckOptions = {}): Check {
  const { path = '/', isHealthy = (status) => status >= 200 && status < 400 } = options
  return (instance, signal) =>
    new Promise<void>((resolve, reject) => {
      const isSecure = instance.protocol === 'https'
      const url = `${isSecure ? 'https' : 'http'}://${hostPort(instance)}${path}`
      const send = isSecure ? requestHttps : requestHttp
      // A connection of its own: a pooled one says nothing of the next.
      const request = send(url, { signal, agent: false }, (response) => {
        const { statusCode = 0 } = response
        response.destroy()
        if (isHealthy(statusCode)) resolve()
        else reject(new Error(`${url} answers ${statusCode}`))
      })
      request.once('error', reject)
      request.end()
    })
}
