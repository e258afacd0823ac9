/** Takes all three sides through one sequence and finds the first thing on which they differ. */

import type { Channel } from '../../client/host/transport.js'
import { type Difference, firstDifference, show, showAnswer } from './compare.js'
import { forgottenMax, knownDifferences } from './known-differences.js'
import { generateSequence, MARK, type Sequence, type Step } from './sequence.js'
import type { Answer, WatchStory } from './side.js'
import { ModelSide, type ModelStory } from './side-model.js'
import { WireSide } from './side-wire.js'

/** What a run of sequences has seen, to know that the mix is a mix. */
export interface Tally {
  steps: number
  /** Answers by kind of step, and how it came out: `txn ok`, `put NotFound ...`. */
  readonly outcomes: Map<string, number>
  /** How often each rule of known-differences.ts was needed. */
  readonly rules: Map<string, number>
}

/** An empty tally. */
export function emptyTally(): Tally {
  return { steps: 0, outcomes: new Map(), rules: new Map() }
}

/** The two servers under comparison. */
export interface Pair {
  readonly ours: Channel
  readonly etcd: Channel
}

/** Runs the sequence of a seed. @returns a report of the first difference, or undefined. */
export async function runSeed(seed: number, pair: Pair, tally: Tally): Promise<string | undefined> {
  const sequence = generateSequence(seed)
  const [ours, etcd] = await Promise.all([
    WireSide.open(pair.ours, sequence.fresh),
    WireSide.open(pair.etcd, sequence.fresh),
  ])
  try {
    return await new Run(sequence, ours, etcd, tally).go()
  } finally {
    ours.close()
    etcd.close()
  }
}

/** Steps before which everybody has to have heard everything: they would make it a race. */
const NEEDS_LEVEL: ReadonlySet<string> = new Set(['compaction', 'watchCancel', 'watchProgress'])

class Run {
  readonly #sequence: Sequence
  readonly #ours: WireSide
  readonly #etcd: WireSide
  readonly #model: ModelSide
  readonly #tally: Tally
  readonly #done: string[] = []

  constructor(sequence: Sequence, ours: WireSide, etcd: WireSide, tally: Tally) {
    this.#sequence = sequence
    this.#ours = ours
    this.#etcd = etcd
    this.#model = new ModelSide(sequence.fresh)
    this.#tally = tally
  }

  async go(): Promise<string | undefined> {
    for (const step of this.#sequence.steps) {
      if (NEEDS_LEVEL.has(step.kind)) await this.#level()
      const report = await this.#step(step)
      if (report !== undefined) return report
      if (step === MARK) await this.#catchUp()
    }
    await this.#level()
    return this.#compareStories() ?? (await this.#compareHashes())
  }

  async #step(step: Step): Promise<string | undefined> {
    const model = await this.#model.take(step)
    const answered = !('silent' in model)
    const [ours, etcd] = await Promise.all([
      this.#ours.take(step, answered),
      this.#etcd.take(step, answered),
    ])
    this.#count(step, ours)
    const newer = this.#newer(step, etcd, model)
    this.#done.push(`${showStep(step)}\n      -> ${showAnswer(ours)}`)
    const difference = firstDifference(ours, newer, model)
    if (difference === undefined) return undefined
    return this.#report(difference, [
      `step ${this.#done.length}: ${showStep(step)}`,
      `  ours:  ${showAnswer(ours)}`,
      `  etcd:  ${showAnswer(etcd)}`,
      `  model: ${showAnswer(model)}`,
    ])
  }

  #count(step: Step, answer: Answer): void {
    const how = 'silent' in answer ? 'silent' : 'text' in answer ? answer.text : 'ok'
    const name = `${step.kind} ${how}`
    this.#tally.steps++
    this.#tally.outcomes.set(name, (this.#tally.outcomes.get(name) ?? 0) + 1)
  }

  #newer(step: Step, etcd: Answer, model: Answer): Answer {
    let answer = etcd
    for (const { name, newer } of knownDifferences) {
      const changed = newer?.(step, answer, model)
      if (changed === undefined) continue
      answer = changed
      this.#used(name)
    }
    return answer
  }

  #newerStory(etcd: WatchStory, model: ModelStory): WatchStory {
    let story = etcd
    for (const { name, newerStory } of knownDifferences) {
      const changed = newerStory?.(story, model)
      if (changed === undefined) continue
      story = changed
      this.#used(name)
    }
    return story
  }

  #used(rule: string): void {
    this.#tally.rules.set(rule, (this.#tally.rules.get(rule) ?? 0) + 1)
  }

  async #catchUp(): Promise<void> {
    const { revision } = this.#model.model
    await Promise.all([this.#ours.caughtUp(revision), this.#etcd.caughtUp(revision)])
  }

  /** Waits until both servers told their watchers what the model's watchers know. */
  async #level(): Promise<void> {
    const expected = (forgotten: (story: ModelStory) => number) =>
      this.#model.stories.map((story) => ({
        events: story.events.length - forgotten(story),
        canceled: story.canceled !== undefined,
      }))
    await Promise.all([
      this.#ours.level(expected(() => 0)),
      this.#etcd.level(expected(forgottenMax)),
    ])
  }

  #compareStories(): string | undefined {
    const [ours, etcd, model] = [this.#ours.stories, this.#etcd.stories, this.#model.stories]
    for (let i = 0; i < Math.max(ours.length, etcd.length, model.length); i++) {
      const [o, e, m] = [ours[i], etcd[i], model[i]]
      const newer = e && m ? this.#newerStory(e, m) : e
      const difference = firstDifference(plain(o), plain(newer), plain(m))
      if (difference === undefined) continue
      return this.#report(difference, [
        `watcher ${i} (in order of creation): ${show(m?.request)}`,
        `  ours:  ${show(plain(o))}`,
        `  etcd:  ${show(plain(e))}`,
        `  model: ${show(plain(m))}`,
      ])
    }
    return undefined
  }

  /** Only where both count from the same revision: keys and values are stored under it. */
  async #compareHashes(): Promise<string | undefined> {
    if (!this.#sequence.fresh) return undefined
    const [ours, etcd] = await Promise.all([this.#ours.hash(), this.#etcd.hash()])
    const difference = firstDifference(ours, etcd, etcd)
    return difference && this.#report(difference, ['HashKV of the whole store'])
  }

  #report({ field, ours, etcd, model }: Difference, what: readonly string[]): string {
    const steps = this.#done.map((text, i) => `  ${i + 1}. ${text}`)
    const wrong = ours === model ? 'etcd' : etcd === model ? 'ours' : 'hard to say who'
    return [
      `seed ${this.#sequence.seed}: field ${field}`,
      `  ours ${ours} | etcd ${etcd} | model ${model}  (alone: ${ours === etcd ? 'model' : wrong})`,
      ...what,
      'steps so far, with our answers:',
      ...steps,
    ].join('\n')
  }
}

function plain(story: WatchStory | undefined): object | undefined {
  if (story === undefined) return undefined
  const { created, events, oddities, canceled } = story
  return { created, events, oddities, canceled }
}

/** A step as one line. */
export function showStep(step: Step): string {
  const { kind, ...rest } = step
  return `${kind} ${show('request' in rest ? rest.request : rest)}`
}
