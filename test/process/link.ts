/**
 * The connections that one process opens to another, and what is wrong with them.
 *
 * Effects are laid on a link and taken off again, in any order; what holds is all of them
 * together. Each direction of bytes has its own, so a cut may be one-way:
 *
 *     refuse    a new connection is reset, and those that are open, too
 *     silent    a new connection is accepted, and nobody ever speaks; those that are open
 *               are held in both directions
 *     hold      bytes of this direction wait, as when a network loses every packet: nothing
 *               is lost for TCP, and both ends believe in the connection
 *     latency   bytes arrive so much later; bandwidth: only so many in a second
 */

import { connect, type Socket } from 'node:net'
import { Pipe } from './pipe.js'

/** What is wrong in one direction. */
export interface DirectionEffect {
  readonly hold?: boolean
  readonly latencyMs?: number
  readonly bytesPerSecond?: number
}

/** What is wrong with a link. */
export interface Effect {
  readonly refuse?: boolean
  readonly silent?: boolean
  /** Towards the process that is dialled. */
  readonly there?: DirectionEffect
  /** Back to the process that dialled. */
  readonly back?: DirectionEffect
}

interface Connection {
  readonly near: Socket
  readonly far: Socket | undefined
  readonly pipes: readonly Pipe[]
}

/** See the head of the file. */
export class Link {
  readonly from: string
  readonly to: string
  readonly #effects = new Set<Effect>()
  readonly #open = new Set<Connection>()

  constructor(from: string, to: string) {
    this.from = from
    this.to = to
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#open.size
  }

  /** Lays an effect on the link; the result takes it off. */
  lay(effect: Effect): () => void {
    this.#effects.add(effect)
    if (effect.refuse) this.reset()
    this.#changed()
    return () => {
      if (!this.#effects.delete(effect)) return
      // Whoever waits for a silent one must not wait for ever.
      if (effect.silent) for (const one of this.#open) if (one.far === undefined) end(one)
      this.#changed()
    }
  }

  /** Breaks what is open. */
  reset(): void {
    for (const one of this.#open) end(one)
  }

  /** Takes a connection that was accepted for it, still paused. */
  take(near: Socket, port: number): void {
    near.on('error', () => {})
    if (this.#any(({ refuse }) => refuse)) {
      near.resetAndDestroy()
      return
    }
    if (this.#any(({ silent }) => silent)) {
      this.#keep({ near, far: undefined, pipes: [] })
      return
    }
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    far.on('error', () => {})
    const pipes = [new Pipe(near, far), new Pipe(far, near)]
    this.#keep({ near, far, pipes })
    this.#changed()
    for (const pipe of pipes) pipe.start()
  }

  #keep(connection: Connection): void {
    this.#open.add(connection)
    const over = () => {
      if (this.#open.delete(connection)) end(connection)
    }
    connection.near.once('close', over)
    connection.far?.once('close', over)
  }

  #any(is: (effect: Effect) => boolean | undefined): boolean {
    return [...this.#effects].some(is)
  }

  #changed(): void {
    const silent = this.#any((effect) => effect.silent)
    const [there, back] = (['there', 'back'] as const).map((direction) => {
      const effects = [...this.#effects].map((effect) => effect[direction] ?? {})
      const speeds = effects.map(({ bytesPerSecond }) => bytesPerSecond ?? Number.POSITIVE_INFINITY)
      return {
        isHeld: silent || effects.some(({ hold }) => hold),
        latencyMs: effects.reduce((sum, { latencyMs }) => sum + (latencyMs ?? 0), 0),
        bytesPerSecond: Math.min(Number.POSITIVE_INFINITY, ...speeds),
      }
    })
    for (const { pipes } of this.#open) {
      pipes[0]?.set(there!)
      pipes[1]?.set(back!)
    }
  }
}

function end({ near, far, pipes }: Connection): void {
  for (const pipe of pipes) pipe.end()
  if (!near.destroyed) near.resetAndDestroy()
  if (far !== undefined && !far.destroyed) far.resetAndDestroy()
}
