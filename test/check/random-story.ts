/**
 * Random histories that are right: calls of several processes overlap, each takes effect
 * at some moment between its beginning and its end, and some never hear how it came out.
 *
 * A follower lags behind the model; reads that accept an old state are answered by it.
 */

import type { PutRequest, RequestOp, TxnRequest } from '../../client/wire/generated/rpc.js'
import type { Call, Outcome } from '../model/call.js'
import { CallGenerator, type GenerateOptions } from '../model/generate.js'
import { Model } from '../model/model.js'
import { SeededRandom } from '../model/random.js'
import { bytesOf } from '../model/requests.js'
import { isSerializable } from './call-parts.js'
import { callOf } from './log-replay.js'
import { answerOf, type Draft, FAILED, Story, UNKNOWN } from './story.js'

/** How a random story is told. */
export interface RandomStoryOptions extends GenerateOptions {
  readonly operations: number
  readonly processes?: number
  /** Probability that a call is never answered; default 0.05. Half of those happen, sooner or later. */
  readonly unknown?: number
  /** Reads that accept an old state; default true. */
  readonly staleReads?: boolean
  /** Replaces a generated call by another; default: by itself. */
  readonly rewrite?: (call: Call, random: SeededRandom, model: Model) => Call
}

const DEFAULTS = { processes: 5, unknown: 0.05, staleReads: true }

/** A call under way. */
interface UnderWay {
  readonly operation: Draft
  outcome: Outcome | undefined
  readonly lost: boolean
}

/** Tells the story of a seed. */
export function randomStory(seed: number, options: RandomStoryOptions): Story {
  return new Teller(seed, options).tell()
}

class Teller {
  readonly #story = new Story()
  readonly #random: SeededRandom
  readonly #generator: CallGenerator
  readonly #options: RandomStoryOptions & typeof DEFAULTS
  readonly #underWay: (UnderWay | undefined)[]
  /** Lost calls that may still happen. */
  readonly #limbo: Call[] = []
  readonly #follower = new Model()
  #followed = 0
  #values = 0

  constructor(seed: number, options: RandomStoryOptions) {
    this.#random = new SeededRandom(seed)
    this.#generator = new CallGenerator(this.#random, { invalid: 0.005, ...options })
    this.#options = { ...DEFAULTS, ...options }
    this.#underWay = Array.from({ length: this.#options.processes }, () => undefined)
  }

  tell(): Story {
    while (this.#story.operations.length < this.#options.operations) this.#turn()
    return this.#story
  }

  #turn(): void {
    if (this.#random.chance(0.3)) this.#follow()
    if (this.#limbo.length > 0 && this.#random.chance(0.02)) this.#story.happen(this.#limbo.pop()!)
    const process = this.#random.between(0, this.#underWay.length - 1)
    const each = this.#underWay[process]
    if (each === undefined) this.#underWay[process] = this.#begin(`c${process}`)
    else if (each.outcome === undefined && !each.lost) each.outcome = this.#happen(each)
    else this.#underWay[process] = this.#end(each)
  }

  #begin(process: string): UnderWay {
    const { model } = this.#story
    const generated = this.#generator.next(model)
    const rewritten = this.#options.rewrite?.(generated, this.#random, model) ?? generated
    const call = this.#unique(rewritten, process)
    const operation = this.#story.begin(process, call)
    return { operation, outcome: undefined, lost: this.#random.chance(this.#options.unknown) }
  }

  #happen({ operation: { call } }: UnderWay): Outcome {
    if (this.#options.staleReads && isSerializable(call)) return this.#follower.execute(call)
    return this.#story.happen(call)
  }

  #end({ operation, outcome, lost }: UnderWay): undefined {
    if (!lost) this.#story.end(operation, answerOf(outcome!))
    else if (this.#random.chance(0.2)) this.#story.end(operation, FAILED)
    else {
      this.#story.end(operation, UNKNOWN)
      if (this.#random.chance(0.6)) this.#limbo.push(operation.call)
    }
    return undefined
  }

  /** The follower applies the next entry of the log. */
  #follow(): void {
    const entry = this.#story.log[this.#followed]
    const call = entry?.command && callOf(entry.command)
    if (call === undefined) return
    this.#follower.execute(call)
    this.#followed++
  }

  /** The call with values that nobody else puts. */
  #unique(call: Call, process: string): Call {
    const put = (request: PutRequest): PutRequest => {
      if (request.value.length === 0) return request
      return { ...request, value: bytesOf(`${process}#${this.#values++}`) }
    }
    const op = (each: RequestOp): RequestOp => ({
      ...each,
      requestPut: each.requestPut && put(each.requestPut),
      requestTxn: each.requestTxn && txn(each.requestTxn),
    })
    const txn = (request: TxnRequest): TxnRequest => ({
      ...request,
      success: request.success.map(op),
      failure: request.failure.map(op),
    })
    if (call.kind === 'put') return { kind: 'put', request: put(call.request) }
    return call.kind === 'txn' ? { kind: 'txn', request: txn(call.request) } : call
  }
}
