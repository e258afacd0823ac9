/**
 * Listeners by the name of what they want to hear, checked by the compiler.
 *
 * `Events` maps each name to what its listeners are given. Listeners run in the turn of
 * the event, in the order in which they were added. One that throws disturbs neither the
 * others nor whoever tells: its error is thrown again in a turn of its own, where it
 * ends the process unless the program catches it, as with every callback of the platform.
 */

/** Hears one kind of event. */
export type Listener<T> = (event: T) => void

/** Listeners of some kinds of events; costs next to nothing until the first is added. */
export class TypedEvents<Events extends object> {
  readonly #listeners = new Map<keyof Events, Listener<never>[]>()

  /** Adds a listener; one that is added twice is called twice. */
  on<K extends keyof Events>(name: K, listener: Listener<Events[K]>): void {
    if (typeof listener !== 'function')
      throw new TypeError(`A listener is a function, not ${typeof listener}.`)
    // Lists are replaced and not changed: one may be walked just now.
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener])
  }

  /** Takes a listener out; nothing happens when there is none. */
  off<K extends keyof Events>(name: K, listener: Listener<Events[K]>): void {
    const there = this.#listeners.get(name)
    const at = there?.lastIndexOf(listener) ?? -1
    if (there === undefined || at < 0) return
    if (there.length === 1) this.#listeners.delete(name)
    else this.#listeners.set(name, there.toSpliced(at, 1))
  }

  /** Does anybody listen? */
  has(name: keyof Events): boolean {
    return this.#listeners.has(name)
  }

  /** Tells everybody who listens. */
  emit<K extends keyof Events>(name: K, event: Events[K]): void {
    const there = this.#listeners.get(name)
    if (there === undefined) return
    for (const listener of there) {
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
