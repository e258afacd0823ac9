/**
 * Values that are more than bytes: how they are written, read, and checked on reading.
 *
 * A codec is two functions. The built-in ones are {@link bytes}, {@link text} and
 * {@link json}; `json` takes a schema of any library that speaks Standard Schema (zod,
 * valibot, arktype, …), which checks, and may change, what is read.
 */

import { type Bytes, keyInWords } from './bytes.js'
import { ConclaveError, errorOf, invalidArgument } from './errors.js'

/**
 * How values of one kind are stored.
 *
 * @typeParam Out what reading gives.
 * @typeParam In what writing takes; another type where a schema fills in or converts.
 */
export interface ValueCodec<Out, In = Out> {
  /** @throws whatever says that the value cannot be stored; nothing is sent then. */
  encode(value: In): Bytes
  /** @throws whatever says that the bytes are no such value; the read fails with `invalid-value`. */
  decode(value: Uint8Array): Out
}

/** The part of the Standard Schema interface, version 1, that is needed here (standardschema.dev). */
export interface StandardSchema<In = unknown, Out = In> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Out> | Promise<StandardResult<Out>>
    /** Only there for the compiler. */
    readonly types?: { readonly input: In; readonly output: Out } | undefined
  }
}

/** What a schema says of a value. */
export type StandardResult<Out> =
  | { readonly value: Out; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

/** Something that a schema has against a value. */
export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/**
 * A schema refused a value; the `cause` of an `invalid-value`.
 *
 * @example
 * try {
 *   await client.kv.withCodec(json<number>()).get('counter')
 * } catch (error) {
 *   if (!(error instanceof ConclaveError)) throw error
 *   if (error.cause instanceof SchemaError) console.error(error.cause.issues)
 * }
 */
export class SchemaError extends Error {
  override readonly name = 'SchemaError'
  readonly issues: readonly StandardIssue[]

  constructor(issues: readonly StandardIssue[]) {
    super(issues.map(issueInWords).join('; '))
    this.issues = issues
  }
}

/** Values as they are. */
export const bytes: ValueCodec<Uint8Array, Bytes> = {
  encode: (value) => value,
  decode: (value) => value,
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Values that are UTF-8; other bytes are refused. */
export const text: ValueCodec<string> = {
  encode: (value) => value,
  decode: (value) => UTF_8.decode(value),
}

/**
 * Values in JSON; the type is believed.
 *
 * @example
 * const limits = client.kv.withCodec(json<{ perSecond: number }>())
 * await limits.put('limits/api', { perSecond: 100 })
 */
export function json<T>(): ValueCodec<T>
/**
 * Values in JSON; the schema checks what is read. What is written is not checked.
 *
 * @param schema must answer at once: one that returns promises is refused on reading.
 */
export function json<In, Out>(schema: StandardSchema<In, Out>): ValueCodec<Out, In>
export function json(schema?: StandardSchema): ValueCodec<unknown> {
  const check = schema === undefined ? undefined : schemaCheck(schema)
  return {
    encode(value) {
      const encoded: string | undefined = JSON.stringify(value)
      if (encoded === undefined) throw invalidArgument(`JSON has no way to write ${typeof value}.`)
      return encoded
    },
    decode(value) {
      const parsed: unknown = JSON.parse(UTF_8.decode(value))
      return check === undefined ? parsed : check(parsed)
    },
  }
}

/**
 * Used by whoever reads values: decodes one.
 *
 * @throws {ConclaveError} `invalid-value`.
 */
export function decodeValue<T>(
  codec: Pick<ValueCodec<T, never>, 'decode'>,
  value: Uint8Array,
  key: Uint8Array,
): T {
  try {
    return codec.decode(value)
  } catch (cause) {
    if (cause instanceof ConclaveError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    const { message } = errorOf('invalid-value')
    throw new ConclaveError('invalid-value', `${message} (key ${keyInWords(key)}: ${why})`, {
      cause,
    })
  }
}

/**
 * Used by whoever writes values: encodes one.
 *
 * @throws {ConclaveError} `invalid-argument`.
 * @example
 * await client.txn().then(op.put('limits', encodeValue(json(), { perSecond: 10 }))).commit()
 */
export function encodeValue<T>(codec: Pick<ValueCodec<unknown, T>, 'encode'>, value: T): Bytes {
  try {
    return codec.encode(value)
  } catch (cause) {
    if (cause instanceof ConclaveError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ConclaveError('invalid-argument', `The value cannot be encoded: ${why}`, { cause })
  }
}

/**
 * Used by whoever has values that come from more than one key: what a schema makes of a value.
 *
 * @throws {ConclaveError} `invalid-argument`: it is no schema.
 * @example
 * const text: StandardSchema<unknown, string> = {
 *   '~standard': {
 *     version: 1,
 *     vendor: 'ours',
 *     validate: (value) =>
 *       typeof value === 'string' ? { value } : { issues: [{ message: 'must be a string' }] },
 *   },
 * }
 * const check = schemaCheck(text)
 * console.log(check('green'))
 */
export function schemaCheck<Out>(schema: StandardSchema<unknown, Out>): (value: unknown) => Out {
  const standard: unknown = schema?.['~standard']
  if (typeof (standard as { validate?: unknown } | undefined)?.validate !== 'function')
    throw invalidArgument("A schema must speak Standard Schema: it has no '~standard'.validate.")
  return (value) => {
    const result = schema['~standard'].validate(value)
    if (result instanceof Promise) {
      result.catch(() => {})
      throw invalidArgument(
        'The schema answers with a promise; one that answers at once is needed.',
      )
    }
    if (result.issues !== undefined) throw new SchemaError(result.issues)
    return result.value
  }
}

function issueInWords({ message, path = [] }: StandardIssue): string {
  const keys = path.map((step) => String(typeof step === 'object' ? step.key : step))
  return keys.length === 0 ? message : `${keys.join('.')}: ${message}`
}
