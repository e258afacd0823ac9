/**
 * How a channel of grpc-js makes its connections, with TLS or without.
 *
 * Its own credentials leave a handshake behind that is under way when the channel closes,
 * and the open socket keeps the process alive; and they name IP addresses to TLS as if
 * they were host names, which Node warns of. Here a closing channel ends its handshakes.
 */

import { isIP, type Socket } from 'node:net'
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import { CallCredentials, ChannelCredentials, type experimental } from '@grpc/grpc-js'
import { Connecting } from './connecting.js'
import { secureContextOptions } from './environment-node.js'
import type { TlsOptions } from './transport.js'

/** The part of the protocol that is agreed on in the handshake. */
const PROTOCOLS = ['h2']

/** A channel without TLS; as grpc-js's own, but it ends what is connecting when the channel closes. */
export class PlainCredentials extends ChannelCredentials {
  readonly #port: number

  /** @param port to which the channel connects. */
  constructor(port: number) {
    super()
    this.#port = port
  }

  override _isSecure(): boolean {
    return false
  }

  override _equals(other: ChannelCredentials): boolean {
    return other === this
  }

  override _createSecureConnector(
    _target: unknown,
    _options: unknown,
    callCredentials: CallCredentials = CallCredentials.createEmpty(),
  ): experimental.SecureConnector {
    const connecting = new Connecting(this.#port)
    return {
      connect: async (socket) => ({ socket, secure: false }),
      async waitForReady() {
        connecting.expect()
      },
      getCallCredentials: () => callCredentials,
      destroy: () => connecting.close(),
    }
  }
}

/** What a channel speaks TLS with. */
export class TlsCredentials extends ChannelCredentials {
  readonly #context: SecureContext
  /** The name that the server's certificate must have. */
  readonly #name: string
  readonly #port: number
  readonly #rejectUnauthorized: boolean

  /**
   * @param host the name in the address, and its port.
   * @throws {Error} a certificate or the key cannot be used.
   */
  constructor(tls: TlsOptions, host: string, port: number) {
    super()
    this.#port = port
    this.#context = createSecureContext(secureContextOptions(tls))
    this.#name = tls.serverName ?? host
    this.#rejectUnauthorized = tls.insecureSkipVerify !== true
  }

  override _isSecure(): boolean {
    return true
  }

  override _equals(other: ChannelCredentials): boolean {
    return other === this
  }

  override _createSecureConnector(
    _target: unknown,
    _options: unknown,
    callCredentials: CallCredentials = CallCredentials.createEmpty(),
  ): experimental.SecureConnector {
    const handshakes = new Set<TLSSocket>()
    const connecting = new Connecting(this.#port)
    let isDestroyed = false
    return {
      connect: (socket) => {
        if (isDestroyed) return Promise.reject(new Error('the channel is closed'))
        return this.#handshake(socket, handshakes)
      },
      async waitForReady() {
        connecting.expect()
      },
      getCallCredentials: () => callCredentials,
      destroy() {
        isDestroyed = true
        connecting.close()
        for (const handshake of handshakes) handshake.destroy()
      },
    }
  }

  #handshake(
    socket: Socket,
    handshakes: Set<TLSSocket>,
  ): Promise<experimental.SecureConnectResult> {
    return new Promise((resolve, reject) => {
      const secured = connect({
        socket,
        secureContext: this.#context,
        host: this.#name,
        // TLS knows names only; the address is compared with the certificate all the same.
        servername: isIP(this.#name) === 0 ? this.#name : '',
        rejectUnauthorized: this.#rejectUnauthorized,
        ALPNProtocols: PROTOCOLS,
      })
      handshakes.add(secured)
      secured.once('secureConnect', () => {
        handshakes.delete(secured)
        resolve({ socket: secured, secure: true })
      })
      // Stays: a socket without a listener would throw what comes later.
      secured.on('error', (error) => {
        handshakes.delete(secured)
        reject(error)
      })
      secured.once('close', () => {
        handshakes.delete(secured)
        reject(new Error('the connection closed during the TLS handshake'))
      })
    })
  }
}
