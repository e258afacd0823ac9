/** What the general judge needs to know of an object: how it behaves when used by one caller at a time. */

/** One call on the object, as its caller saw it. */
export interface TimedCall<Input, Output> {
  /** Names the call in messages. */
  readonly id: number
  readonly input: Input
  /** Undefined: nobody knows, and it may not have happened at all. */
  readonly output: Output | undefined
  /** Place in the common numbering of beginnings and ends. */
  readonly began: number
  /** Likewise; ignored for a call without an output, which never ends. */
  readonly ended: number
}

/** The sequential behaviour of an object. States are immutable. */
export interface SequentialSpec<State, Input, Output> {
  init(): State
  /**
   * The states that the object may be in after the call: none when it could not have
   * given this output, several when the outcome is not determined.
   *
   * @param output undefined: whatever it answers.
   */
  step(state: State, input: Input, output: Output | undefined): readonly State[]
  equals(a: State, b: State): boolean
  /** Any integer; equal for equal states. */
  hash(state: State): number
  /** Calls with different names concern independent objects, judged one by one. Default: all one. */
  partition?(input: Input): string
  /** One line for people. */
  describe?(input: Input, output: Output | undefined): string
}
