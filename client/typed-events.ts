/**
 * Listeners by the name of what they want to hear, checked by the compiler.
 *
 * `Events` maps each name to what its listeners are given. Listeners run in the turn of
 * the event, in the order in which they were added. One that throws disturbs neither the
 * others nor whoever tells: its error is thrown again in a turn of its own, where it
 * ends the process unless the program catches it, as with every callback of the platform.
 */

import { EventEmitter } from 'eventemitter3'
import { invalidArgument } from './errors.js'
import { inWords } from './in-words.js'
import { type Known, refuseUnknownEvent } from './known-names.js'

/** Hears one kind of event. */
export type Listener<T> = (event: T) => void

/**
 * Listeners of some kinds of events; costs next to nothing until the first is added.
 *
 * @example
 * const events = new TypedEvents<{ moved: string }>({ moved: true })
 * events.on('moved', (where) => console.log(where))
 * events.emit('moved', 'rack 7')
 */
export class TypedEvents<Events extends object> {
  readonly #known: Known<keyof Events & string>
  #emitter: EventEmitter | undefined

  /** @param known the names of the events that there are. */
  constructor(known: Known<keyof Events & string>) {
    this.#known = known
  }

  /**
   * Adds a listener; one that is added twice is called twice.
   *
   * @throws {ConclaveError} `invalid-argument`: there is no such event, or it is no function.
   */
  on<K extends keyof Events & string>(name: K, listener: Listener<Events[K]>): void {
    refuseUnknownEvent(name, this.#known)
    if (typeof listener !== 'function')
      throw invalidArgument(`A listener is a function, not ${inWords(listener)}.`)
    this.#emitter ??= new EventEmitter()
    this.#emitter.on(name, listener)
  }

  /** Takes a listener out, however often it was added; nothing happens when it was not. */
  off<K extends keyof Events & string>(name: K, listener: Listener<Events[K]>): void {
    this.#emitter?.off(name, listener)
  }

  /** Does anybody listen? */
  has(name: keyof Events & string): boolean {
    return this.#emitter !== undefined && this.#emitter.listenerCount(name) > 0
  }

  /** Tells everybody who listens. Not by the emitter's own `emit`, which a listener's error would end. */
  emit<K extends keyof Events & string>(name: K, event: Events[K]): void {
    if (this.#emitter === undefined) return
    for (const listener of this.#emitter.listeners(name)) {
      try {
        ;(listener as Listener<Events[K]>)(event)
      } catch (error) {
        throwLater(error)
      }
    }
  }
}

/** Throws in a turn of its own: nobody here can deal with it, and it must not get lost. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
