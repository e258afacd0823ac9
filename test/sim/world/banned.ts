/**
 * What nothing in the world may ask: the time, chance and timers of the machine it runs on.
 *
 * They are replaced for the whole process by functions that throw, with the place of the
 * caller, so that one careless line is found by the first seed that reaches it. Whoever
 * catches the error hides nothing: the first one is kept for {@link takeOffence}. The inside
 * of Node keeps its own. What the world itself needs it has taken before; see
 * virtual-clock.ts.
 */

import { createRequire, syncBuiltinESMExports } from 'node:module'

/** Somebody asked the real machine. The message names what, and the file and line of the caller. */
export class BannedError extends Error {
  override readonly name = 'BannedError'
  /** Stable code. */
  readonly code = 'BANNED'
}

/** Callers that may: they do no harm, and are not ours to change. A part of a stack's line, and why. */
const HARMLESS: readonly (readonly [string, string])[] = [
  ['node:internal', 'Node looks at its own clock for its own ends'],
]

/** The first offence that nobody has taken. */
let offence: BannedError | undefined

/** The first offence of this process since the last call, also if its error was caught. */
export function takeOffence(): BannedError | undefined {
  const taken = offence
  offence = undefined
  return taken
}

type Functions = Record<string, unknown>

const require = createRequire(import.meta.url)

/** Objects and the names of their functions that are banned. */
function bannedFunctions(): readonly (readonly [string, Functions, readonly string[]])[] {
  const timers = ['setTimeout', 'setInterval', 'setImmediate']
  const table: [string, unknown, string[]][] = [
    ['', globalThis, timers],
    ['Math', Math, ['random']],
    ['performance', Object.getPrototypeOf(performance), ['now']],
    ['process', process, ['hrtime', 'uptime', 'cpuUsage']],
    ['crypto', Object.getPrototypeOf(globalThis.crypto), ['getRandomValues', 'randomUUID']],
    ['AbortSignal', AbortSignal, ['timeout']],
    ['node:timers', require('node:timers'), timers],
    ['node:timers/promises', require('node:timers/promises'), timers],
    [
      'node:crypto',
      require('node:crypto'),
      ['randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID'],
    ],
  ]
  return table.map(([name, owner, names]) => [name, owner as Functions, names])
}

/**
 * Bans them until the result is called. Whoever needs the real ones meanwhile (a runner that
 * measures) takes them before.
 */
export function banGlobals(): () => void {
  const undo: (() => void)[] = []
  for (const [owner, object, names] of bannedFunctions())
    for (const name of names)
      undo.push(replace(object, name, owner === '' ? name : `${owner}.${name}`))
  undo.push(banDate())
  syncBuiltinESMExports()
  return () => {
    for (const one of undo.reverse()) one()
    syncBuiltinESMExports()
  }
}

function replace(object: Functions, name: string, fullName: string): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name)
  const real = object[name]
  if (typeof real !== 'function') return () => {}
  const banned = function (this: unknown, ...args: unknown[]): unknown {
    refuse(fullName, banned)
    return real.apply(this, args)
  }
  Object.assign(banned, bannedParts(real, fullName))
  Object.defineProperty(object, name, { configurable: true, ...before, value: banned })
  return () => {
    if (before === undefined) delete object[name]
    else Object.defineProperty(object, name, before)
  }
}

/** Functions on a function, such as `process.hrtime.bigint`. */
function bannedParts(real: object, fullName: string): Functions {
  const parts = Object.entries(real).filter(([, part]) => typeof part === 'function')
  return Object.fromEntries(
    parts.map(([name]) => {
      const banned = (): void => refuse(`${fullName}.${name}`, banned, true)
      return [name, banned]
    }),
  )
}

/** A date that is given its time may be made; one of now may not. */
function banDate(): () => void {
  const RealDate = Date
  const construct = (target: DateConstructor, args: unknown[], newTarget: () => void): object => {
    if (args.length === 0) refuse('new Date()', construct)
    return Reflect.construct(target, args, newTarget)
  }
  const apply = (): string => {
    refuse('Date()', apply)
    return RealDate()
  }
  const banned = new Proxy(RealDate, { construct: construct as never, apply })
  const now = RealDate.now
  RealDate.now = () => {
    refuse('Date.now', RealDate.now)
    return now()
  }
  globalThis.Date = banned
  return () => {
    RealDate.now = now
    globalThis.Date = RealDate
  }
}

/** @throws {BannedError} unless the caller of `from` is harmless. */
function refuse(what: string, from: (...args: never[]) => unknown, always = false): void {
  const error = new BannedError(what)
  Error.captureStackTrace(error, from)
  const caller = (error.stack ?? '').split('\n')[1]?.trim() ?? 'an unknown place'
  if (!always && HARMLESS.some(([part]) => caller.includes(part))) return
  error.message = `${what} is banned in the simulated world: called ${caller}`
  offence ??= error
  throw error
}
