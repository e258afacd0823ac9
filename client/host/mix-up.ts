/**
 * Why a connection failed, where grpc-js tells too much or too little: certificates by a
 * plain reason, and a server that speaks TLS while its client does not, or the reverse.
 */

import { RpcError, Status } from '../wire/status.js'
import { diagnose } from './tls-diagnosis.js'
import { mayBeMixedUp, plainText, tlsFailure, tlsReason } from './tls-failure.js'

/** Explains the failures of one channel. */
export class MixUp {
  readonly #target: string
  readonly #secure: boolean
  /** One look for all calls that fail together. */
  #looking: Promise<string | undefined> | undefined
  /** Failures that wait for the look. */
  readonly #waiting = new Set<() => void>()

  /** @param secure whether the channel speaks TLS. */
  constructor(target: string, secure: boolean) {
    this.#target = target
    this.#secure = secure
  }

  /** Calls `tell` with the error, or a better one; at once, or after a look at the server. */
  explain(error: RpcError, tell: (error: RpcError) => void): void {
    const isUnconnected = error.neverSent && error.code === Status.UNAVAILABLE
    if (!isUnconnected) {
      tell(error)
      return
    }
    const reason = tlsReason(error.details)
    if (reason !== undefined) tell(tlsFailure(reason))
    else if (mayBeMixedUp(error.details)) this.#look(inPlainWords(error), tell)
    else tell(inPlainWords(error))
  }

  /** Nobody waits any longer. */
  close(): void {
    for (const leave of [...this.#waiting]) leave()
  }

  #look(error: RpcError, tell: (error: RpcError) => void): void {
    const once = (told: RpcError) => {
      if (this.#waiting.delete(leave)) tell(told)
    }
    const leave = () => once(error)
    this.#waiting.add(leave)
    this.#looking ??= diagnose(this.#target, this.#secure).finally(() => {
      this.#looking = undefined
    })
    this.#looking.then((reason) => once(reason === undefined ? error : tlsFailure(reason)), leave)
  }
}

function inPlainWords({ code, details, neverSent, cause }: RpcError): RpcError {
  return new RpcError(code, plainText(details), neverSent, { cause })
}
