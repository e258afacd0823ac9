/** The public door of `conclave/recipes`. */

export {
  type DstRule,
  parseSchedule,
  type Schedule,
  type ScheduleOptions,
} from './cron/schedule.js'
export { Election, type ElectionValue, Leadership } from './election.js'
export { type LossReason, LostError, NotHeldError } from './errors.js'
export { Lock, Mutex, type MutexOptions, type Participant } from './mutex.js'
export { Candidate, ElectionObserver } from './observer.js'
export { Session } from './session.js'
export type { SessionOptions } from './session-options.js'
export type { WaitOptions } from './waiting.js'
