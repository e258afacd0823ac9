/** Tells the cluster our name and where clients find us, once per start, until it is applied. */

import type { Clock, Timer } from '../../client/host/clock.js'
import type { Init } from '../../client/wire/codec.js'
import type { Command } from '../../client/wire/generated/command.js'
import type { MemberConfig } from '../config.js'
import type { Members } from '../state/members.js'

/** What the publisher needs of its member. */
export interface PublisherOptions {
  readonly clock: Clock
  readonly config: MemberConfig
  readonly selfId: bigint
  readonly members: () => Members
  readonly propose: (command: Init<Command>) => Promise<unknown>
}

/** How long to wait after a refusal, in milliseconds. */
const RETRY_MS = 1_000

/** See the head of the file. */
export class Publisher {
  readonly #options: PublisherOptions
  #state: 'due' | 'underWay' | 'done' | 'stopped' = 'due'
  #retry: Timer | undefined

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  /** A leader is known: publishes unless that is done or under way. */
  leaderKnown(): void {
    if (this.#state !== 'due') return
    this.#retry?.cancel()
    const { config, selfId, members, propose } = this.#options
    const { name, advertiseClientUrls } = config
    const known = members().get(selfId)
    if (known?.name === name && known.clientUrls.join() === advertiseClientUrls.join()) {
      this.#state = 'done'
      return
    }
    this.#state = 'underWay'
    const clientUrls = [...advertiseClientUrls]
    propose({ memberAttributes: { memberId: selfId, name, clientUrls } }).then(
      () => this.#settle('done'),
      () => this.#settle('due'),
    )
  }

  stop(): void {
    this.#state = 'stopped'
    this.#retry?.cancel()
  }

  #settle(state: 'due' | 'done'): void {
    if (this.#state !== 'underWay') return
    this.#state = state
    if (state === 'due') this.#retry = this.#options.clock.after(RETRY_MS, () => this.leaderKnown())
  }
}
